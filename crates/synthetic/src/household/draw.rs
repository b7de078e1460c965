//! Drawing households, in blocks, each from a stream of its own, so that blocks can be drawn on any
//! thread. Within a block people refer to each other by position.

use super::{Block, Household, NOBODY, Person, Relation};
use crate::chance::{Chance, Topic};
use crate::days::{Day, NEVER, years_after, years_between};
use crate::names::SURNAME_WEIGHTS;
use crate::places::{DISTRICT_WEIGHTS, area_elsewhere, area_of_district};

/// What sort of household is drawn.
#[derive(Clone, Copy)]
enum Sort {
    Single,
    Couple,
    Family,
    ThreeGenerations,
    OneParent,
    OldCouple,
    Dormitory,
}

const SORTS: &[Sort] = &[
    Sort::Single,
    Sort::Couple,
    Sort::Family,
    Sort::ThreeGenerations,
    Sort::OneParent,
    Sort::OldCouple,
    Sort::Dormitory,
];
const SORT_WEIGHTS: &[u32] = &[190, 150, 340, 90, 60, 130, 40];

/// Ages, in years.
const MARRIAGE_AGE_MALE: i32 = 22;
const MARRIAGE_AGE_FEMALE: i32 = 20;
const MOTHER_AGE_MIN: i32 = 22;
const MOTHER_AGE_MAX: i32 = 40;
const CHILD_AT_HOME_MAX: i32 = 27;
/// Days back to which deaths stay in the register: ten years.
const DEATHS_KEPT: i32 = 3650;

/// Draws the block `index` of `size` people.
pub(crate) fn block(seed: u64, index: u64, size: u64, today: Day) -> Block {
    let mut drawing = Drawing {
        chance: Chance::new(seed, Topic::Household, index),
        today,
        left: size as usize,
        block: Block::default(),
    };
    while drawing.left > 0 {
        drawing.household();
    }
    drawing.pair_the_divorced();
    drawing.fates();
    drawing.block
}

struct Drawing {
    chance: Chance,
    today: Day,
    left: usize,
    block: Block,
}

impl Drawing {
    fn household(&mut self) {
        let sort = SORTS[self.chance.weighted(SORT_WEIGHTS)];
        let district = self.chance.weighted(DISTRICT_WEIGHTS) as u8;
        let at = self.block.households.len() as u32;
        self.block.households.push(Household {
            head: self.block.persons.len() as u32,
            members: 0,
            district,
            collective: matches!(sort, Sort::Dormitory),
        });
        let elsewhere = self.chance.happens(match sort {
            Sort::Dormitory => 900,
            Sort::OldCouple | Sort::ThreeGenerations => 60,
            _ => 260,
        });
        let home = Home {
            at,
            district,
            elsewhere,
        };
        match sort {
            Sort::Single => self.single(home),
            Sort::Couple => {
                let age = self.chance.day(23, 62);
                self.couple(home, age);
            }
            Sort::Family => self.family(home, 25, 52),
            Sort::ThreeGenerations => {
                self.family(home, 27, 45);
                self.grandparents(home);
            }
            Sort::OneParent => self.one_parent(home),
            Sort::OldCouple => {
                let age = self.chance.day(60, 88);
                self.couple(home, age);
            }
            Sort::Dormitory => {
                for turn in 0..self.chance.between(4, 8) {
                    let age = self.chance.day(18, 38);
                    let male = self.chance.happens(560);
                    let relation = if turn == 0 {
                        Relation::Head
                    } else {
                        Relation::Other
                    };
                    self.person(home, age, male, relation);
                }
            }
        }
    }

    /// Adds a person of `age`, if the block has room.
    fn person(&mut self, home: Home, age: i32, male: bool, relation: Relation) -> Option<u32> {
        let last = years_after(self.today, -age);
        let born = self.chance.day(years_after(last, -1) + 1, last);
        self.born(home, born, male, relation)
    }

    fn born(&mut self, home: Home, born: Day, male: bool, relation: Relation) -> Option<u32> {
        self.left = self.left.checked_sub(1)?;
        let since_2021 = born >= crate::days::day(2021, 4, 9);
        let area = if home.elsewhere {
            area_elsewhere(&mut self.chance)
        } else if self.chance.happens(700) {
            area_of_district(home.district, since_2021)
        } else {
            let district = self.chance.weighted(DISTRICT_WEIGHTS) as u8;
            area_of_district(district, since_2021)
        };
        let surname = self.chance.weighted(SURNAME_WEIGHTS) as u8;
        self.block.persons.push(Person {
            born,
            gone: NEVER,
            married: NEVER,
            dissolved: NEVER,
            household: home.at,
            spouse: NOBODY,
            mother: NOBODY,
            father: NOBODY,
            series: 0,
            area,
            surname,
            relation,
            male,
            dead: false,
            elsewhere: home.elsewhere,
            divorced: false,
        });
        Some(self.block.persons.len() as u32 - 1)
    }

    fn single(&mut self, home: Home) {
        let age = match self.chance.below(10) {
            0..=5 => self.chance.day(20, 39),
            6..=7 => self.chance.day(40, 64),
            _ => self.chance.day(65, 92),
        };
        let male = self.chance.happens(500);
        self.person(home, age, male, Relation::Head);
    }

    /// A married couple, the man `age` years old.
    fn couple(&mut self, home: Home, age: i32) -> Option<(u32, u32)> {
        let man_first = self.chance.happens(750);
        let woman = (age - 2 + self.chance.day(-3, 3)).max(MARRIAGE_AGE_FEMALE + 1);
        let (first, second) = if man_first {
            (age, woman)
        } else {
            (woman, age)
        };
        let head = self.person(home, first, man_first, Relation::Head)?;
        let spouse = self.person(home, second, !man_first, Relation::Spouse)?;
        let (man, woman) = if man_first {
            (head, spouse)
        } else {
            (spouse, head)
        };
        self.marry(man, woman);
        Some((man, woman))
    }

    /// Marries two people at a day when both were old enough.
    fn marry(&mut self, man: u32, woman: u32) {
        let earliest = self.old_enough(man, woman);
        let latest = (earliest + 10 * 365).min(self.today);
        let on = self
            .chance
            .day(earliest, latest.max(earliest))
            .min(self.today);
        for (one, other) in [(man, woman), (woman, man)] {
            let one = &mut self.block.persons[one as usize];
            one.married = on;
            one.spouse = other;
        }
    }

    fn old_enough(&self, man: u32, woman: u32) -> Day {
        let of = |person: u32, age: i32| years_after(self.block.persons[person as usize].born, age);
        of(man, MARRIAGE_AGE_MALE).max(of(woman, MARRIAGE_AGE_FEMALE))
    }

    /// A couple, the man between these ages, with one to three children.
    fn family(&mut self, home: Home, low: i32, high: i32) {
        let age = self.chance.day(low, high);
        let Some((man, woman)) = self.couple(home, age) else {
            return;
        };
        let count = [1, 2, 3][self.chance.weighted(&[640, 320, 40])];
        for _ in 0..count {
            self.child(home, Some(man), woman);
        }
    }

    /// A child of `woman`, if she was of an age to have one that still lives at home.
    fn child(&mut self, home: Home, man: Option<u32>, woman: u32) {
        let mother = self.block.persons[woman as usize];
        let first = years_after(mother.born, MOTHER_AGE_MIN)
            .max(years_after(self.today, -CHILD_AT_HOME_MAX));
        let last = years_after(mother.born, MOTHER_AGE_MAX).min(self.today - 1);
        if first > last {
            return;
        }
        let born = self.chance.day(first, last);
        let male = self.chance.happens(520);
        let Some(child) = self.born(home, born, male, Relation::Child) else {
            return;
        };
        let named_after = man.filter(|_| self.chance.happens(960)).unwrap_or(woman);
        let surname = self.block.persons[named_after as usize].surname;
        let child = &mut self.block.persons[child as usize];
        child.surname = surname;
        child.mother = woman;
        child.father = man.unwrap_or(NOBODY);
        child.area = if home.elsewhere {
            child.area
        } else {
            area_of_district(home.district, born >= crate::days::day(2021, 4, 9))
        };
    }

    /// The head's mother, and often the father.
    fn grandparents(&mut self, home: Home) {
        let head = self.block.households[home.at as usize].head;
        let Some(child) = self.block.persons.get(head as usize).copied() else {
            return;
        };
        let age = years_between(child.born, self.today);
        let mother_age = age + self.chance.day(21, 30);
        let Some(mother) = self.person(home, mother_age, false, Relation::Parent) else {
            return;
        };
        self.block.persons[head as usize].mother = mother;
        if !self.chance.happens(650) {
            return;
        }
        let father_age = mother_age + self.chance.day(0, 4);
        let Some(father) = self.person(home, father_age, true, Relation::Parent) else {
            return;
        };
        self.block.persons[father as usize].surname = child.surname;
        self.block.persons[head as usize].father = father;
        let married = self.old_enough(father, mother).min(child.born);
        for (one, other) in [(father, mother), (mother, father)] {
            let one = &mut self.block.persons[one as usize];
            one.married = married;
            one.spouse = other;
        }
    }

    fn one_parent(&mut self, home: Home) {
        let age = self.chance.day(28, 55);
        let Some(parent) = self.person(home, age, false, Relation::Head) else {
            return;
        };
        self.child(home, None, parent);
        if self.chance.happens(250) {
            self.child(home, None, parent);
        }
    }

    /// Gives mothers who live alone with children a former husband of the block.
    fn pair_the_divorced(&mut self) {
        let today = self.today;
        let age = |person: &Person| years_between(person.born, today);
        let alone = |person: &Person| person.relation == Relation::Head && person.spouse == NOBODY;
        let persons = &self.block.persons;
        let mothers: Vec<u32> = (0..persons.len() as u32)
            .filter(|at| {
                let next = persons.get(*at as usize + 1);
                let person = &persons[*at as usize];
                alone(person) && !person.male && next.is_some_and(|next| next.mother == *at)
            })
            .collect();
        let mut men: Vec<u32> = (0..persons.len() as u32)
            .filter(|at| {
                let person = &persons[*at as usize];
                let house = &self.block.households[person.household as usize];
                alone(person) && person.male && !house.collective && age(person) >= 26
            })
            .collect();
        for mother in mothers {
            let born = self.block.persons[mother as usize].born;
            let fits = |man: &u32| (self.block.persons[*man as usize].born - born).abs() < 9 * 365;
            let Some(at) = men.iter().position(fits) else {
                continue;
            };
            self.divorce(men.swap_remove(at), mother);
        }
    }

    fn divorce(&mut self, man: u32, woman: u32) {
        self.marry(man, woman);
        let married = self.block.persons[man as usize].married;
        let on = self.chance.day(married.min(self.today - 1) + 1, self.today);
        for person in [man, woman] {
            let person = &mut self.block.persons[person as usize];
            person.dissolved = on.max(person.married);
            person.divorced = true;
        }
        for child in &mut self.block.persons {
            if child.mother == woman {
                child.father = man;
            }
        }
    }

    /// Who died, who left, and what became of their marriages; then counts the members.
    fn fates(&mut self) {
        for at in 0..self.block.persons.len() {
            let person = self.block.persons[at];
            let dies = match years_between(person.born, self.today) {
                0..=39 => 2,
                40..=59 => 8,
                60..=74 => 50,
                _ => 220,
            };
            let collective = self.block.households[person.household as usize].collective;
            let ever = if person.married == NEVER {
                person.born
            } else {
                person.married
            };
            let first = (ever + 1).max(self.today - DEATHS_KEPT).min(self.today);
            if self.chance.happens(dies) {
                self.block.persons[at].gone = self.chance.day(first, self.today);
                self.block.persons[at].dead = true;
            } else if collective && person.elsewhere && self.chance.happens(60) {
                self.block.persons[at].gone = self.chance.day(self.today - 700, self.today);
            }
        }
        for at in 0..self.block.persons.len() {
            let person = self.block.persons[at];
            if person.gone == NEVER {
                self.block.households[person.household as usize].members += 1;
            }
            let spouse = self.block.persons.get(person.spouse as usize);
            let spouse_died = spouse
                .filter(|spouse| spouse.dead)
                .map(|spouse| spouse.gone);
            let died = Some(person.gone).filter(|_| person.dead);
            let first = died.into_iter().chain(spouse_died).min();
            if let (Some(on), false, true) = (first, person.divorced, person.spouse != NOBODY) {
                self.block.persons[at].dissolved = on.max(person.married);
            }
        }
    }
}

/// Where someone is to live.
#[derive(Clone, Copy)]
struct Home {
    at: u32,
    district: u8,
    elsewhere: bool,
}

#[cfg(test)]
mod tests {
    use super::super::BLOCK;
    use super::*;

    #[test]
    fn a_block_has_its_size_and_everyone_in_it_a_household() {
        let today = crate::days::day(2026, 11, 25);
        for index in 0..20 {
            let block = block(7, index, BLOCK, today);
            assert_eq!(block.persons.len() as u64, BLOCK);
            for (at, household) in block.households.iter().enumerate() {
                let head = &block.persons[household.head as usize];
                assert_eq!(
                    (head.household as usize, head.relation),
                    (at, Relation::Head)
                );
            }
            for (at, person) in block.persons.iter().enumerate() {
                assert!(person.born <= today && person.gone >= person.born);
                if person.spouse != NOBODY {
                    let spouse = &block.persons[person.spouse as usize];
                    assert_eq!(spouse.spouse as usize, at);
                    assert_ne!(spouse.male, person.male);
                    assert!(person.married <= person.dissolved && person.married <= today);
                }
                if person.mother != NOBODY {
                    let mother = &block.persons[person.mother as usize];
                    let age = years_between(mother.born, person.born);
                    assert!(!mother.male && (18..=45).contains(&age), "{age}");
                }
            }
        }
    }
}
