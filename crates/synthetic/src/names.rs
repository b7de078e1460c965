//! Invented names of people, firms and schools.

use crate::chance::Chance;

/// Surnames, the most frequent first.
pub(crate) const SURNAMES: &[&str] = &[
    "王", "李", "张", "陈", "刘", "杨", "黄", "周", "吴", "徐", "朱", "沈", "赵", "胡", "郑", "林",
    "何", "俞", "金", "方", "孙", "马", "高", "郭", "罗", "钱", "汪", "叶", "潘", "余", "章", "许",
    "蒋", "傅", "施", "来", "骆", "童", "裘", "楼", "欧阳", "诸葛",
];
/// How frequent each surname is, to each other.
pub(crate) const SURNAME_WEIGHTS: &[u32] = &[
    72, 68, 66, 60, 45, 38, 34, 34, 33, 32, 30, 28, 24, 24, 22, 21, 20, 20, 19, 18, 18, 17, 16, 15,
    14, 14, 13, 13, 12, 12, 11, 11, 10, 9, 8, 6, 5, 5, 4, 4, 2, 1,
];

const MALE: &[&str] = &[
    "伟", "强", "磊", "军", "勇", "杰", "涛", "明", "超", "刚", "平", "辉", "鹏", "华", "飞", "鑫",
    "波", "斌", "宇", "浩", "凯", "健", "俊", "帆", "帅", "旭", "宁", "龙", "林", "阳", "建", "志",
    "国", "文", "海", "永", "子", "一", "天", "家",
];
const FEMALE: &[&str] = &[
    "芳", "娜", "敏", "静", "丽", "艳", "娟", "霞", "燕", "玲", "婷", "慧", "莹", "洁", "玉", "萍",
    "红", "梅", "琴", "云", "雪", "倩", "璐", "琳", "欣", "怡", "佳", "思", "雨", "梦", "晓", "秀",
    "桂", "淑", "美", "月", "子", "诗", "语", "若",
];

/// Writes a person's name.
pub(crate) fn person(surname: u8, male: bool, chance: &mut Chance, out: &mut String) {
    let letters = if male { MALE } else { FEMALE };
    out.push_str(SURNAMES[usize::from(surname)]);
    out.push_str(chance.pick(letters));
    if chance.happens(720) {
        out.push_str(chance.pick(letters));
    }
}

const FIRM_FIRST: &[&str] = &[
    "华", "恒", "鼎", "瑞", "信", "安", "盛", "泰", "嘉", "宏", "中", "东", "新", "金", "天", "浙",
    "钱", "江", "润", "博", "海", "云", "智", "联",
];
const FIRM_SECOND: &[&str] = &[
    "达", "源", "科", "诚", "远", "丰", "辰", "创", "和", "德", "通", "隆", "健", "泽", "腾", "捷",
    "越", "正", "佳", "宇",
];

/// Writes a firm's name; `trade` says what it does.
pub(crate) fn firm(trade: &str, ending: &str, chance: &mut Chance, out: &mut String) {
    out.push_str("杭州");
    out.push_str(chance.pick(FIRM_FIRST));
    out.push_str(chance.pick(FIRM_SECOND));
    if chance.happens(400) {
        out.push_str(chance.pick(FIRM_SECOND));
    }
    out.push_str(trade);
    out.push_str(ending);
}

const SCHOOLS: &[&str] = &[
    "求是",
    "学军",
    "文澜",
    "保俶",
    "采荷",
    "天长",
    "卖鱼桥",
    "崇文",
    "春晖",
    "育才",
    "钱江",
    "星洲",
    "丹枫",
    "江南",
    "闻涛",
    "西溪",
];

/// Writes a school's name.
pub(crate) fn school(number: u32, ending: &str, chance: &mut Chance, out: &mut String) {
    out.push_str("杭州市");
    out.push_str(chance.pick(SCHOOLS));
    out.push('第');
    out.push_str(&number.to_string());
    out.push_str(ending);
}

/// Writes a hospital's name.
pub(crate) fn hospital(chance: &mut Chance, out: &mut String) {
    out.push_str("杭州市第");
    out.push_str(&(1 + chance.below(20)).to_string());
    out.push_str("人民医院");
}

#[cfg(test)]
mod tests {
    #[test]
    fn each_surname_has_a_weight() {
        assert_eq!(super::SURNAMES.len(), super::SURNAME_WEIGHTS.len());
    }
}
