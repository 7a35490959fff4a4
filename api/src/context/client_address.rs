//! Where a request really comes from. `X-Forwarded-For` is a claim; it is read from its right end, and only as far as the
//! peers that said it are our own proxies.

use std::{
    net::{IpAddr, Ipv4Addr},
    str::FromStr,
};

use anyhow::{Context, ensure};
use salvo::Request;

/// A block of addresses: `10.0.0.0/8`, `::1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => shares_bits(own.to_bits().into(), other.to_bits().into(), self.bits, 32),
            (IpAddr::V6(own), IpAddr::V6(other)) => shares_bits(own.to_bits(), other.to_bits(), self.bits, 128),
            _ => false,
        }
    }
}

fn shares_bits(own: u128, other: u128, bits: u8, of: u8) -> bool {
    bits == 0 || (own ^ other) >> (of - bits) == 0
}

impl FromStr for Network {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().with_context(|| format!("`{text}` is not a network"))?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), str::parse)?;
        ensure!(bits <= most, "`{text}` is not a network");
        Ok(Self { address, bits })
    }
}

/// The address of the client, as far as our own proxies can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    pub(crate) fn of(req: &Request, trusted: &[Network]) -> Self {
        let peer = req.remote_addr().ip().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let lines = req.headers().get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok());
        Self(resolve(peer, lines, trusted))
    }

    /// What a limit is counted by: one IPv4 address, or the /64 that one IPv6 client commands.
    pub(crate) fn limit_key(self) -> String {
        match self.0.to_canonical() {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("{:x}", address.to_bits() >> 64),
        }
    }
}

fn resolve<'a>(peer: IpAddr, lines: impl DoubleEndedIterator<Item = &'a str>, trusted: &[Network]) -> IpAddr {
    let is_ours = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut client = peer.to_canonical();
    for claim in lines.rev().flat_map(|line| line.rsplit(',')) {
        if !is_ours(client) {
            break;
        }
        let Ok(address) = claim.trim().parse::<IpAddr>() else { break };
        client = address.to_canonical();
    }
    client
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_proxies_are_believed() {
        let ours: Vec<Network> = vec!["10.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()];
        let table = [
            ("203.0.113.9", vec!["1.2.3.4"], "203.0.113.9", "a stranger's claim"),
            ("10.0.0.1", vec!["1.2.3.4"], "1.2.3.4", "our proxy's claim"),
            ("10.0.0.1", vec!["6.6.6.6, 1.2.3.4"], "1.2.3.4", "what the client wrote itself stands on the left"),
            ("10.0.0.1", vec!["6.6.6.6", "1.2.3.4, 10.0.0.2"], "1.2.3.4", "two proxies, two lines"),
            ("::ffff:10.0.0.1", vec!["1.2.3.4"], "1.2.3.4", "mapped"),
            ("10.0.0.1", vec!["1.2.3.4, nonsense"], "10.0.0.1", "unreadable"),
            ("::1", vec![], "::1", "no claim"),
        ];
        for (peer, lines, expected, why) in table {
            let client = resolve(peer.parse().unwrap(), lines.into_iter(), &ours);
            assert_eq!(client, expected.parse::<IpAddr>().unwrap(), "{why}");
        }
    }

    #[test]
    fn a_network_is_its_bits() {
        let all: Network = "0.0.0.0/0".parse().unwrap();
        assert!(all.contains("9.9.9.9".parse().unwrap()));
        assert!("10.0.0.0/33".parse::<Network>().is_err());
        assert!("example".parse::<Network>().is_err());
    }
}
