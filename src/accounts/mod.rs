//! SIGNATURES (bodies follow)
// pub struct Accounts { .. }
// impl Accounts {
//   pub async fn load(core: Core) -> Result<Accounts>;
//   pub fn core(&self) -> &Core;
//   pub async fn authenticate(&self, token: &str) -> Result<Authenticated>;
//   pub async fn is_live(&self, caller: &Caller) -> Result<bool>;   // false also when role changed or tenant suspended
//   pub async fn sign_in(&self, sign_in: SignIn, address: IpAddr) -> Outcome<SignedIn>;
//   pub async fn refresh(&self, token: &str) -> Outcome<SignedIn>;
//   pub async fn sign_out(&self, caller: &Caller) -> Result<()>;
//   pub async fn change_password(&self, caller: &Caller, current: String, new: String) -> Outcome<()>;
//   pub async fn create_user(&self, proof: &Session, actor: Actor, new: NewUser) -> Outcome<UserId>;
//   pub async fn update_user(&self, proof: &Session, actor: Actor, id: UserId, change: UserChange) -> Outcome<UserId>;
//   pub async fn disable_user(&self, proof: &Session, actor: Actor, id: UserId) -> Outcome<UserId>;
//   pub async fn create_operator(&self, name: &str, email: &str, password: String) -> Outcome<OperatorId>;
//   pub fn forget(&self);  // cached look-ups of sessions
// }
// pub struct Authenticated { pub caller: Caller, pub expires_at: Timestamp }
// pub struct SignIn { pub email: String, pub password: String, pub tenant_slug: Option<String> }
// pub struct SignedIn { pub access_token: String, pub refresh_token: refresh::RefreshToken /* .as_str() */, pub expires_at: Timestamp, pub caller: Caller }
// pub struct NewUser { pub name: String, pub email: String, pub password: String, pub role: Role }
// pub struct UserChange { pub name: Option<String>, pub role: Option<Role> }
// pub struct UserText { pub name: String, pub email: String }
// pub fn open_user(keys: &TenantKeys, row: &user::Model) -> Result<UserText>;
