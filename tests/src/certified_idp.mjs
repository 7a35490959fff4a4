// The certified provider of npm (`oidc-provider`), as small as it will run: one client, anybody may sign in. Says where it is.
import http from 'node:http';

const [, , module, redirectUri, clientId, clientSecret] = process.argv;
const { Provider } = await import(module);
let answer = () => {};
const server = http.createServer((request, response) => answer(request, response));
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: clientId, client_secret: clientSecret, redirect_uris: [redirectUri], response_types: ['code'],
      grant_types: ['authorization_code'], token_endpoint_auth_method: 'client_secret_basic' }],
    pkce: { required: () => true },
    cookies: { keys: ['a key of a test'] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    features: { devInteractions: { enabled: true } },
    findAccount: (_, id) => ({
      accountId: id,
      claims: async () => ({ sub: id, email: `${id}@loom.example`, email_verified: true, name: `Mx ${id}` }),
    }),
  });
  answer = provider.callback();
  console.log(issuer);
});
