//! SIGNATURES (bodies follow)
// pub enum Registrar { Tenant(Session), Operator(Option<TenantId>) }
// pub struct NewNumber { pub channel: ChannelId, pub phone: String, pub label: String, pub provider_number_id: String, pub capture_history: bool }
// pub struct NumberText { pub phone: String, pub label: String, pub provider_number_id: String }
// pub async fn register(core: &Core, by: Registrar, actor: Actor, new: NewNumber) -> Outcome<NumberId>;   // NB: TenantId of an operator's = the one given
// pub fn open(keys: &TenantKeys, row: &number::Model) -> Result<NumberText>;
// pub fn route_index(core: &Core, channel: ChannelId, provider_number_id: &str) -> BlindIndex;   // for db.number_routes
// pub fn canonical_phone(text: &str) -> Option<String>;   // "+" and 8..=15 digits
// pub async fn find_by_phone(tx: &TenantTx, keys: &TenantKeys, phone: &str) -> Result<Option<number::Model>>;
