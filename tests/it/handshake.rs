//! Meta's verification of a callback: the challenge comes back to who knows the token, and to nobody else.

use crate::support::Door;

async fn greet(door: &Door, query: &[(&str, &str)]) -> (u16, String, String) {
    let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let answer = door.http.get(format!("{}?{}", door.url, query.join("&"))).send().await.expect("an answer");
    let kind = answer.headers().get("content-type").map(|kind| kind.to_str().expect("text").to_owned());
    (answer.status().as_u16(), kind.unwrap_or_default(), answer.text().await.expect("a body"))
}

fn asking<'q>(mode: &'q str, token: &'q str) -> [(&'q str, &'q str); 3] {
    [("hub.mode", mode), ("hub.verify_token", token), ("hub.challenge", "1158201444")]
}

on_both_engines! {
    async fn the_challenge_comes_back_as_plain_text_to_the_right_token_alone(world: World) {
        let (a, b) = (world.tenant("alfa").await, world.tenant("beta").await);
        let door = a.door();
        let (status, kind, body) = greet(&door, &asking("subscribe", "ola-alfa")).await;
        assert_eq!((status, body.as_str()), (200, "1158201444"));
        assert!(kind.starts_with("text/plain"), "{kind}");
        for (query, what) in [
            (asking("subscribe", "ola-beta").to_vec(), "another company's token"),
            (asking("subscribe", "").to_vec(), "no token"),
            (asking("unsubscribe", "ola-alfa").to_vec(), "another mode"),
            (asking("subscribe", "ola-alfa")[..2].to_vec(), "no challenge"),
            (asking("subscribe", "ola-alfa")[1..].to_vec(), "no mode"),
            (Vec::new(), "nothing"),
        ] {
            let (status, _, body) = greet(&door, &query).await;
            assert_eq!(status, 403, "{what}");
            assert!(!body.contains("1158201444"), "{what}");
        }
        assert_eq!(greet(&b.door(), &asking("subscribe", "ola-beta")).await.0, 200);
    }

    async fn a_path_that_names_no_channel_is_not_there(world: World) {
        let a = world.tenant("alfa").await;
        let door = a.door();
        let (before, last) = door.url.rsplit_once('/').expect("a path");
        let flipped = if last.starts_with('A') { "B" } else { "A" };
        let forged = format!("{before}/{flipped}{}", &last[1..]);
        for url in [forged, format!("{before}/nada"), format!("{}/webhooks/meta/", world.url), door.url.replace("/meta/", "/evolution/")] {
            let lost = Door::new(&url, &a.app_secret);
            assert_eq!(greet(&lost, &asking("subscribe", "ola-alfa")).await.0, 404, "{url}");
            assert_eq!(lost.deliver(a.text("wamid.1", "5511988887777", 1_760_000_000, "oi")).await, 404, "{url}");
        }
        assert_eq!(world.count("delivery").await, 0);
        assert!(a.messages().await.is_empty());
    }
}
