//! What enterprises do: classes of GB/T 4754 with what is needed to make their figures plausible.

/// A class of industry.
pub(crate) struct Industry {
    /// Section, a letter.
    pub(crate) section: &'static str,
    /// Class, four digits.
    pub(crate) code: &'static str,
    /// The word in a firm's name.
    pub(crate) trade: &'static str,
    /// How many firms are in it, to each other.
    pub(crate) weight: u32,
    /// How large its firms are, in hundredths of the mean.
    pub(crate) size: u32,
    /// Revenue a year for each employee, in thousand yuan.
    pub(crate) revenue: i64,
    /// Wages, in hundredths of the mean.
    pub(crate) pay: i64,
    /// Of a thousand firms, how many export.
    pub(crate) exports: u64,
}

#[expect(clippy::too_many_arguments, reason = "a row of the table below")]
const fn row(
    section: &'static str,
    code: &'static str,
    trade: &'static str,
    weight: u32,
    size: u32,
    revenue: i64,
    pay: i64,
    exports: u64,
) -> Industry {
    Industry {
        section,
        code,
        trade,
        weight,
        size,
        revenue,
        pay,
        exports,
    }
}

/// The classes, by code within their section.
pub(crate) const INDUSTRIES: &[Industry] = &[
    row("A", "0141", "农业", 18, 40, 180, 70, 20),
    row("C", "1311", "粮油食品", 14, 130, 620, 85, 60),
    row("C", "1711", "纺织", 26, 170, 480, 80, 400),
    row("C", "1811", "服饰", 30, 150, 420, 78, 450),
    row("C", "2110", "家具", 14, 120, 460, 84, 350),
    row("C", "2652", "新材料", 12, 150, 1200, 105, 260),
    row("C", "2720", "医药", 10, 260, 1100, 130, 200),
    row("C", "2929", "塑料制品", 22, 110, 520, 82, 320),
    row("C", "3311", "金属制品", 26, 100, 560, 88, 300),
    row("C", "3484", "机械", 30, 140, 700, 98, 320),
    row("C", "3670", "汽车部件", 14, 260, 850, 105, 260),
    row("C", "3821", "电气", 18, 180, 900, 108, 340),
    row("C", "3913", "电子", 20, 260, 1300, 135, 360),
    row("D", "4411", "电力", 3, 300, 1900, 140, 0),
    row("E", "4710", "建筑工程", 46, 260, 560, 92, 10),
    row("E", "5011", "装饰", 40, 60, 380, 82, 5),
    row("F", "5149", "贸易", 150, 35, 2600, 90, 220),
    row("F", "5211", "百货", 90, 50, 900, 74, 10),
    row("F", "5292", "电子商务", 110, 60, 1500, 104, 120),
    row("G", "5430", "货运", 34, 120, 480, 86, 20),
    row("G", "5960", "仓储物流", 18, 140, 520, 84, 20),
    row("H", "6110", "酒店", 18, 180, 240, 72, 0),
    row("H", "6210", "餐饮", 90, 90, 220, 66, 0),
    row("I", "6513", "软件", 90, 130, 780, 180, 60),
    row("I", "6450", "互联网", 30, 260, 1700, 210, 40),
    row("J", "6621", "银行", 3, 900, 2400, 220, 0),
    row("J", "6812", "保险", 4, 400, 1600, 150, 0),
    row("K", "7010", "房地产开发", 18, 90, 3200, 130, 0),
    row("K", "7020", "物业服务", 26, 260, 190, 68, 0),
    row("L", "7231", "企业管理咨询", 80, 40, 520, 125, 8),
    row("L", "7262", "人力资源", 16, 500, 260, 78, 0),
    row("M", "7310", "科学研究", 34, 90, 560, 160, 20),
    row("M", "7485", "工程设计", 24, 100, 620, 150, 10),
    row("N", "7820", "环境卫生", 12, 300, 160, 62, 0),
    row("O", "8010", "居民服务", 44, 40, 180, 64, 0),
    row("P", "8336", "教育培训", 34, 110, 260, 110, 0),
    row("Q", "8411", "医院", 8, 900, 480, 150, 0),
    row("Q", "8425", "门诊部", 14, 60, 340, 120, 0),
    row("R", "8710", "文化传媒", 40, 50, 480, 118, 20),
    row("R", "8930", "健身", 16, 50, 200, 70, 0),
];

/// Whether a class is one of these codes.
pub(crate) fn is(industry: u8, codes: &[&str]) -> bool {
    INDUSTRIES
        .get(usize::from(industry))
        .is_some_and(|industry| codes.contains(&industry.code))
}

/// Whether a class is in one of these sections.
pub(crate) fn in_section(industry: u8, sections: &str) -> bool {
    INDUSTRIES
        .get(usize::from(industry))
        .is_some_and(|industry| sections.contains(industry.section))
}
