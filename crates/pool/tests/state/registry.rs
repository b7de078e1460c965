//! The town and the department that the towns of the tests have in common.

pub(crate) const CITY: &str = "\
id: town
title: {zh: 小镇, en: Town}
time_zone: Asia/Shanghai
languages: [zh, en]
currency: CNY
location: {lon: 120.0, lat: 30.0}
operator: registry
calendar: {work_days: [monday, tuesday, wednesday, thursday, friday]}
";

pub(crate) const REGISTRY: &str = "\
id: registry
title: {zh: 登记局, en: Registry}
short: {zh: 登记, en: Registry}
kind: bureau
responsible_for:
  - {zh: 登记, en: registers}
contact: {email: data@registry.example.org, fictitious: true}
";
