//! What the words of definitions are called on pages.

use city::kinds::{Cycle, FieldFormat, Openness, Sensitivity, Share, Subject, Use};
use pool::exchange::{Standing, Step};
use pool::ingest::Code;

use crate::pages::Language;

pub(super) fn share(language: Language, share: Share) -> &'static str {
    match share {
        Share::Unconditional => language.pick("无条件共享", "shared with all"),
        Share::Conditional => language.pick("有条件共享", "shared by agreement"),
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
        Openness::Open => language.pick("开放", "open to the public"),
        Openness::OnRequest => language.pick("依申请开放", "to the public on request"),
        Openness::Closed => language.pick("不开放", "not public"),
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
        Cycle::RealTime => language.pick("实时", "in real time"),
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

/// A way of reading, as entries of the ledger have it.
pub(super) fn way(language: Language, way: &str) -> String {
    let known = match way {
        "look-up" => language.pick("查询单条", "look-up"),
        "batch" => language.pick("批量查询", "batch"),
        "link" => language.pick("跨部门关联查询", "linked look-up"),
        "subscribe" => language.pick("订阅变更", "subscription"),
        "query" => language.pick("SQL 分析", "SQL"),
        "bulk" => language.pick("整库交换", "bulk"),
        other => other,
    };
    known.to_owned()
}

/// Why a call was denied, from its code.
pub(super) fn denial(language: Language, code: &str) -> String {
    let known = match code {
        "token" => language.pick("令牌无效", "token not valid"),
        "role" => language.pick("该系统无此权限", "not this client's role"),
        "dataset" => language.pick("没有该数据集", "no such dataset"),
        "field" => language.pick("没有该字段", "no such field"),
        "request" => language.pick("请求不正确", "request not right"),
        "agreement" => language.pick("没有适用的协议", "no agreement covers it"),
        "rate" => language.pick("超过每秒限额", "too many calls a second"),
        "quota" => language.pick("超过每日限额", "too many records a day"),
        other => other,
    };
    known.to_owned()
}

/// What is wrong with a record in quarantine, from the fault's code.
pub(super) fn fault(language: Language, code: Code) -> &'static str {
    match code {
        Code::Missing => language.pick("缺少必填值", "a value is missing"),
        Code::WrongType => language.pick("类型不符", "wrong type"),
        Code::NotInteger => language.pick("不是整数", "not a whole number"),
        Code::NotDecimal => language.pick("不是数字", "not a number"),
        Code::TooLarge => language.pick("数字过大", "number too large"),
        Code::TooPrecise => language.pick("小数位过多", "too many digits after the point"),
        Code::NotBoolean => language.pick("不是真或假", "neither true nor false"),
        Code::NotDate => language.pick("不是日期", "not a date"),
        Code::NoSuchDate => language.pick("日期不存在", "a date that does not exist"),
        Code::NotDatetime => language.pick("不是时间", "not a date and time"),
        Code::NoZone => language.pick("时间缺少时区", "time without a time zone"),
        Code::TooLong => language.pick("文本过长", "text too long"),
        Code::NotOneOf => language.pick("不在取值范围内", "not one of the allowed words"),
        Code::CitizenNumber => language.pick("公民身份号码错误", "citizen number not right"),
        Code::CreditCode => language.pick("统一社会信用代码错误", "credit code not right"),
        Code::Phone => language.pick("不是电话号码", "not a telephone number"),
        Code::Month => language.pick("不是月份", "not a month"),
        Code::ControlCharacter => language.pick("含控制字符", "a control character"),
        Code::Encoding => language.pick("编码错误", "not in the file's encoding"),
        Code::Ragged => language.pick("列数与表头不符", "more or fewer columns than the header"),
        Code::Oversized => language.pick("记录过大", "record too large"),
        Code::Syntax => language.pick("格式错误", "format broken"),
        Code::Nested => language.pick("应为单个值", "a list where one value belongs"),
        Code::Repeated => language.pick("字段重复", "a field stands twice"),
        Code::DuplicateKey => language.pick("主键重复", "key stands twice in the batch"),
        Code::KeyExists => language.pick("主键已存在", "key exists already"),
        Code::Rule => language.pick("违反质量规则", "a quality rule is broken"),
    }
}

/// What a property of a ledger's entry is called.
pub(super) fn property(language: Language, name: &str) -> String {
    let known = match name {
        "kind" => language.pick("种类", "Kind"),
        "at" => language.pick("时间（UTC）", "Time (UTC)"),
        "client" => language.pick("系统", "Client"),
        "consumer" => language.pick("使用方", "Consumer"),
        "provider" => language.pick("提供方", "Provider"),
        "dataset" => language.pick("数据集", "Dataset"),
        "way" => language.pick("方式", "Way of use"),
        "fields" => language.pick("字段", "Fields"),
        "subject" => language.pick("主体（带密钥的哈希）", "Subject (keyed hash)"),
        "purpose" => language.pick("目的", "Purpose"),
        "ref" => language.pick("办件编号", "Case"),
        "agreement" => language.pick("协议", "Agreement"),
        "agreement_version" => language.pick("协议版本", "Version of the agreement"),
        "records" => language.pick("记录数", "Records"),
        "evidence" => language.pick("调用凭证的哈希", "Hash of the caller's token"),
        "denied" => language.pick("拒绝原因", "Why it was denied"),
        "detail" => language.pick("答复调用方", "What the caller was told"),
        "times" => language.pick("次数", "Times"),
        "hash" => language.pick("所签版本", "Version that was signed"),
        "step" => language.pick("步骤", "Step"),
        "statement" => language.pick("已签声明（JWS）", "Signed statement (JWS)"),
        other => other,
    };
    known.to_owned()
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
