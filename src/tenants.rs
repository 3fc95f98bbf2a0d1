//! SIGNATURES (bodies follow)
// pub struct NewTenant { pub name: String, pub slug: String, pub owner_name: String, pub owner_email: String, pub owner_password: String }
// pub struct Founded { pub tenant: TenantId, pub owner: UserId }
// pub struct TenantText { pub name: String, pub slug: String }
// pub async fn create(accounts: &Accounts, actor: Actor, new: NewTenant) -> Outcome<Founded>;
// pub async fn suspend(accounts: &Accounts, actor: Actor, id: TenantId) -> Outcome<TenantId>;
// pub async fn resume(accounts: &Accounts, actor: Actor, id: TenantId) -> Outcome<TenantId>;
// pub fn open(core: &Core, row: &tenant::Model) -> Result<TenantText>;
// pub async fn by_slug(core: &Core, slug: &str) -> Result<Option<tenant::Model>>;
