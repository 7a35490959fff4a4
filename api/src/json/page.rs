use commerce::page;
use salvo::{
    Depot, Request, Response, Writer, async_trait,
    oapi::{Array, BasicType, Components, Content, EndpointOutRegister, Object, Operation, Response as Described, SchemaType, ToSchema},
};
use serde::Serialize;

use super::answer::write_json;

/// One page of a list: `{"data":[…],"page":{"next":…}}`. `next` is `null` on the last.
#[derive(Debug, Serialize)]
pub struct Page<T> {
    data: Vec<T>,
    page: Turn,
}

#[derive(Debug, Serialize)]
struct Turn {
    next: Option<String>,
}

impl<T> Page<T> {
    /// A page of what the operation gave, each row as its answer.
    pub fn of<R>(page: page::Page<R>) -> Self
    where
        T: From<R>,
    {
        let next = page.next.map(|cursor| cursor.to_string());
        Self { data: page.data.into_iter().map(T::from).collect(), page: Turn { next } }
    }

    /// A list that is always given whole.
    pub fn whole(data: Vec<T>) -> Self {
        Self { data, page: Turn { next: None } }
    }
}

#[async_trait]
impl<T: Serialize + Send> Writer for Page<T> {
    async fn write(self, req: &mut Request, _: &mut Depot, res: &mut Response) {
        write_json(req, res, &self);
    }
}

impl<T: ToSchema> EndpointOutRegister for Page<T> {
    fn register(components: &mut Components, operation: &mut Operation) {
        let next = Object::with_type(SchemaType::from_iter([BasicType::String, BasicType::Null]));
        let turn = Object::new().property("next", next.description("`after` of the next page; null on the last.")).required("next");
        let page = Object::new()
            .property("data", Array::new().items(T::to_schema(components)))
            .required("data")
            .property("page", turn)
            .required("page");
        operation.responses.insert("200", Described::new("A page of the list").add_content("application/json", Content::new(page)));
    }
}
