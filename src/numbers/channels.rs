//! SIGNATURES (bodies follow)
// pub enum ChannelOwner { Tenant(Session), Platform }
// #[derive(Clone, Default, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
// pub struct Secrets { pub app_secret: Option<String>, pub verify_token: .., pub access_token: .., pub account_id: .., pub api_url: Option<String> }
// pub struct NewChannel { pub name: String, pub provider: Provider, pub secrets: Secrets }
// pub struct SecretsChange { pub app_secret: Option<String>, pub verify_token: Option<String>, pub access_token: Option<String> }
// pub async fn create(core: &Core, owner: ChannelOwner, actor: Actor, new: NewChannel) -> Outcome<ChannelId>;
// pub struct Channels { .. }   // Channels::new(); one a process: caches opened secrets ≤ 5 s
// impl Channels {
//   pub async fn secrets(&self, core: &Core, id: ChannelId, route: &ChannelRoute) -> Result<Vec<Arc<Secrets>>>;   // current first, then those still good after a rotation
//   pub async fn rotate_secrets(&self, core: &Core, owner: ChannelOwner, actor: Actor, id: ChannelId, change: SecretsChange) -> Outcome<ChannelId>;
// }
// pub fn path_of(core: &Core, id: ChannelId) -> String;
// pub fn channel_of_path(core: &Core, path: &str) -> Option<ChannelId>;
// pub fn open_name(keys: &TenantKeys, row: &channel::Model) -> Result<String>;
// pub fn open_platform_name(core: &Core, row: &platform_channel::Model) -> Result<String>;
