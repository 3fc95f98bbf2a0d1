//! Whose address a request came from.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::Response;

/// Middleware: behind a proxy on the list, the client's address is the last one in `X-Forwarded-For` that is no such
/// proxy. Anybody else's header is not believed: whoever chooses addresses would choose fresh ones for each guess.
pub async fn resolve(State(proxies): State<Arc<[IpAddr]>>, mut request: Request, next: Next) -> Response {
    if let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<SocketAddr>>().copied() {
        let headers = request.headers().get_all("x-forwarded-for");
        let hops: Vec<&str> =
            headers.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).collect();
        let client = client(peer.ip(), &hops, &proxies);
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(client, peer.port())));
    }
    next.run(request).await
}

fn client(peer: IpAddr, hops: &[&str], proxies: &[IpAddr]) -> IpAddr {
    let mut client = peer.to_canonical();
    for hop in hops.iter().rev() {
        if !proxies.contains(&client) {
            break;
        }
        match hop.trim().parse::<IpAddr>() {
            Ok(address) => client = address.to_canonical(),
            Err(_) => break,
        }
    }
    client
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(peer: &str, hops: &[&str], proxies: &[&str]) -> String {
        let proxies: Vec<IpAddr> = proxies.iter().map(|proxy| proxy.parse().unwrap()).collect();
        client(peer.parse().unwrap(), hops, &proxies).to_string()
    }

    #[test]
    fn a_strangers_header_is_not_believed() {
        assert_eq!(told("203.0.113.9", &["198.51.100.1"], &["10.0.0.1"]), "203.0.113.9");
    }

    #[test]
    fn behind_proxies_the_client_is_the_last_address_that_is_none_of_them() {
        assert_eq!(
            told("10.0.0.1", &["198.51.100.7", "198.51.100.1", " 10.0.0.2"], &["10.0.0.1", "10.0.0.2"]),
            "198.51.100.1"
        );
    }

    #[test]
    fn nonsense_in_the_header_leaves_the_proxys_own_address() {
        assert_eq!(told("10.0.0.1", &["unknown"], &["10.0.0.1"]), "10.0.0.1");
    }
}
