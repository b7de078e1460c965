//! The look-ahead controller's place in the registry; it lives in [`crate::brain`].

use super::Info;

pub(super) const INFO: Info = Info {
    name: "brain",
    title_en: "Look-ahead",
    title_zh: "前瞻控制",
    about_en: "Tries out futures for every junction and its neighbours and begins the best one.",
    about_zh: "对各路口及其相邻路口推演多种未来,执行最优方案的第一步。",
};
