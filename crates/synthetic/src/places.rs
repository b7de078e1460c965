//! Where people and things are: Hangzhou's districts with their area codes, and invented streets.

use std::fmt::Write;

use crate::chance::Chance;

/// A district: area code, name, and how many of a thousand people live there.
pub(crate) struct District {
    pub(crate) code: &'static str,
    pub(crate) name: &'static str,
}

/// The districts and counties of Hangzhou, by area code.
pub(crate) const DISTRICTS: &[District] = &[
    District {
        code: "330102",
        name: "上城区",
    },
    District {
        code: "330105",
        name: "拱墅区",
    },
    District {
        code: "330106",
        name: "西湖区",
    },
    District {
        code: "330108",
        name: "滨江区",
    },
    District {
        code: "330109",
        name: "萧山区",
    },
    District {
        code: "330110",
        name: "余杭区",
    },
    District {
        code: "330111",
        name: "富阳区",
    },
    District {
        code: "330112",
        name: "临安区",
    },
    District {
        code: "330113",
        name: "临平区",
    },
    District {
        code: "330114",
        name: "钱塘区",
    },
    District {
        code: "330122",
        name: "桐庐县",
    },
    District {
        code: "330127",
        name: "淳安县",
    },
    District {
        code: "330182",
        name: "建德市",
    },
];

/// How many live in each district, to each other (the census of 2020, rounded).
pub(crate) const DISTRICT_WEIGHTS: &[u32] =
    &[132, 112, 111, 50, 202, 123, 83, 63, 118, 77, 45, 33, 44];

/// Area codes in citizen numbers, in ascending order: Hangzhou's, and some of where people come
/// to the city from.
pub(crate) const AREAS: &[&[u8; 6]] = &[
    b"310115", b"320106", b"320582", b"321283", b"330102", b"330105", b"330106", b"330108",
    b"330109", b"330110", b"330111", b"330112", b"330113", b"330114", b"330122", b"330127",
    b"330182", b"330203", b"330302", b"330522", b"330624", b"330726", b"330802", b"331081",
    b"332526", b"340123", b"340824", b"341126", b"341623", b"350122", b"360123", b"361127",
    b"411526", b"412828", b"420117", b"421126", b"430124", b"510124", b"522128", b"530124",
];
/// Which of [`AREAS`] is the first of Hangzhou's.
pub(crate) const FIRST_HANGZHOU_AREA: u8 = 4;

/// The area of someone born in the district `district`, before or after the districts of 2021.
pub(crate) fn area_of_district(district: u8, since_2021: bool) -> u8 {
    let district = match district {
        8 if !since_2021 => 5, // Linping was part of Yuhang
        9 if !since_2021 => 4, // Qiantang was part of Xiaoshan
        other => other,
    };
    FIRST_HANGZHOU_AREA + district
}

/// The area of someone from elsewhere.
pub(crate) fn area_elsewhere(chance: &mut Chance) -> u8 {
    let others = AREAS.len() - DISTRICTS.len();
    let at = chance.below(others as u64) as u8;
    if at < FIRST_HANGZHOU_AREA {
        at
    } else {
        at + DISTRICTS.len() as u8
    }
}

const STREETS: &[&str] = &[
    "文三路",
    "文一路",
    "天目山路",
    "莫干山路",
    "体育场路",
    "凤起路",
    "庆春路",
    "解放路",
    "延安路",
    "中河路",
    "江南大道",
    "滨盛路",
    "市心路",
    "金城路",
    "建设路",
    "通城路",
    "育才路",
    "学院路",
    "古墩路",
    "紫金路",
    "丰潭路",
    "石祥路",
    "东新路",
    "香积寺路",
    "秋涛路",
    "新塘路",
    "艮山路",
    "下沙路",
    "学源街",
    "世纪大道",
    "迎宾路",
    "望江路",
    "人民路",
    "南苑街",
    "钱江路",
    "之江路",
];

/// Names of neighbourhoods.
pub(crate) const COMMUNITIES: &[&str] = &[
    "翠苑",
    "古荡",
    "嘉绿",
    "湖滨",
    "采荷",
    "景芳",
    "三里亭",
    "朝晖",
    "大关",
    "和睦",
    "德胜",
    "三塘",
    "华丰",
    "丁桥",
    "笕桥",
    "九堡",
    "西兴",
    "长河",
    "浦沿",
    "闻堰",
    "宁围",
    "新塘",
    "北干",
    "城厢",
    "良渚",
    "仓前",
    "五常",
    "闲林",
    "星桥",
    "乔司",
    "白杨",
    "义蓬",
    "富春",
    "银湖",
    "锦城",
    "青山湖",
];

const ENDINGS: &[&str] = &["花园", "新村", "家园", "雅苑", "公寓", "名邸", "里", "城"];

/// A street.
pub(crate) fn street(chance: &mut Chance) -> &'static str {
    chance.pick(STREETS)
}

/// Writes the name of a housing estate.
pub(crate) fn community(chance: &mut Chance, out: &mut String) {
    out.push_str(chance.pick(COMMUNITIES));
    out.push_str(chance.pick(ENDINGS));
}

/// Writes an address of a flat, without the city.
pub(crate) fn flat(district: u8, chance: &mut Chance, floor: i64, out: &mut String) {
    out.push_str(DISTRICTS[usize::from(district)].name);
    let (street, number) = (street(chance), 1 + chance.below(400));
    let (house, door) = (1 + chance.below(40), 1 + chance.below(4));
    // Writing to a string cannot fail.
    let _ = write!(out, "{street}{number}号{house}幢{floor}{door:02}室");
}

/// Writes an address of an office or a shop, without the city.
pub(crate) fn office(district: u8, chance: &mut Chance, out: &mut String) {
    out.push_str(DISTRICTS[usize::from(district)].name);
    let (street, number, room) = (
        street(chance),
        1 + chance.below(900),
        101 + chance.below(2400),
    );
    let _ = write!(out, "{street}{number}号{room}室");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_ascend_and_hold_the_districts_in_their_order() {
        assert!(AREAS.is_sorted());
        for (at, district) in DISTRICTS.iter().enumerate() {
            let area = AREAS[usize::from(FIRST_HANGZHOU_AREA) + at];
            assert_eq!(area, district.code.as_bytes());
        }
        assert_eq!(DISTRICTS.len(), DISTRICT_WEIGHTS.len());
    }
}
