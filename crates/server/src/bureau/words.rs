//! What the words of definitions are called on pages.

use city::kinds::{Cycle, FieldFormat, Openness, Sensitivity, Share, Subject, Use};
use pool::exchange::{Standing, Step};

use crate::pages::Language;

pub(super) fn share(language: Language, share: Share) -> &'static str {
    match share {
        Share::Unconditional => language.pick("无条件共享", "unconditional"),
        Share::Conditional => language.pick("有条件共享", "conditional"),
        Share::NotShared => language.pick("不予共享", "not shared"),
    }
}

pub(super) const fn share_id(share: Share) -> &'static str {
    match share {
        Share::Unconditional => "unconditional",
        Share::Conditional => "conditional",
        Share::NotShared => "not-shared",
    }
}

pub(super) fn openness(language: Language, openness: Openness) -> &'static str {
    match openness {
        Openness::Open => language.pick("开放", "open"),
        Openness::OnRequest => language.pick("依申请开放", "on request"),
        Openness::Closed => language.pick("不开放", "closed"),
    }
}

pub(super) const fn openness_id(openness: Openness) -> &'static str {
    match openness {
        Openness::Open => "open",
        Openness::OnRequest => "on-request",
        Openness::Closed => "closed",
    }
}

pub(super) fn cycle(language: Language, cycle: Cycle) -> &'static str {
    match cycle {
        Cycle::RealTime => language.pick("实时", "real time"),
        Cycle::Hourly => language.pick("每小时", "hourly"),
        Cycle::Daily => language.pick("每日", "daily"),
        Cycle::Weekly => language.pick("每周", "weekly"),
        Cycle::Monthly => language.pick("每月", "monthly"),
        Cycle::Quarterly => language.pick("每季度", "quarterly"),
        Cycle::Yearly => language.pick("每年", "yearly"),
    }
}

pub(super) fn sensitivity(language: Language, sensitivity: Sensitivity) -> &'static str {
    match sensitivity {
        Sensitivity::Public => language.pick("公开", "public"),
        Sensitivity::Internal => language.pick("内部", "internal"),
        Sensitivity::Personal => language.pick("个人信息", "personal"),
        Sensitivity::Sensitive => language.pick("敏感个人信息", "sensitive"),
    }
}

pub(super) const fn sensitivity_id(sensitivity: Sensitivity) -> &'static str {
    match sensitivity {
        Sensitivity::Public => "public",
        Sensitivity::Internal => "internal",
        Sensitivity::Personal => "personal",
        Sensitivity::Sensitive => "sensitive",
    }
}

pub(super) fn format(language: Language, format: FieldFormat) -> &'static str {
    match format {
        FieldFormat::CitizenNumber => language.pick("公民身份号码", "citizen number"),
        FieldFormat::CreditCode => language.pick("统一社会信用代码", "credit code"),
        FieldFormat::Phone => language.pick("电话号码", "phone"),
        FieldFormat::Month => language.pick("月份", "month"),
    }
}

pub(super) fn subject(language: Language, subject: Subject) -> &'static str {
    match subject {
        Subject::Person => language.pick("个人", "person"),
        Subject::Enterprise => language.pick("企业", "enterprise"),
        Subject::Place => language.pick("地点", "place"),
        Subject::Thing => language.pick("物品或事项", "thing"),
    }
}

/// All standings, in the order of an agreement's life.
pub(super) const STANDINGS: [Standing; 6] = [
    Standing::Draft,
    Standing::Proposed,
    Standing::Approved,
    Standing::Active,
    Standing::Expired,
    Standing::Revoked,
];

pub(super) const fn standing_id(standing: Standing) -> &'static str {
    match standing {
        Standing::Draft => "draft",
        Standing::Proposed => "proposed",
        Standing::Approved => "approved",
        Standing::Active => "active",
        Standing::Expired => "expired",
        Standing::Revoked => "revoked",
    }
}

pub(super) fn standing(language: Language, standing: Standing) -> &'static str {
    match standing {
        Standing::Draft => language.pick("草案", "draft"),
        Standing::Proposed => language.pick("已提议", "proposed"),
        Standing::Approved => language.pick("已批准", "approved"),
        Standing::Active => language.pick("生效", "active"),
        Standing::Expired => language.pick("到期", "expired"),
        Standing::Revoked => language.pick("已撤销", "revoked"),
    }
}

pub(super) fn step(language: Language, step: Step) -> &'static str {
    match step {
        Step::Propose => language.pick("提议", "proposed"),
        Step::Approve => language.pick("批准", "approved"),
        Step::Revoke => language.pick("撤销", "revoked"),
    }
}

pub(super) fn usage(language: Language, usage: Use) -> &'static str {
    match usage {
        Use::LookUp => language.pick("查询单条", "look-up"),
        Use::Batch => language.pick("批量查询", "batch"),
        Use::Subscribe => language.pick("订阅变更", "subscribe"),
        Use::Query => language.pick("SQL 分析", "SQL"),
        Use::Bulk => language.pick("整库交换", "bulk"),
    }
}

/// A moment for people: the second, in UTC.
pub(super) fn moment(at: pool::Moment) -> String {
    clock(&at.rfc3339())
}

/// The same of a text in RFC 3339.
pub(super) fn clock(rfc3339: &str) -> String {
    let seconds: String = rfc3339.chars().take(19).collect();
    seconds.replacen('T', " ", 1)
}
