//! The core datasets: those whose records follow from the population, so that they agree with each
//! other. One function a dataset writes the records of one subject.

mod firms;
mod homes;
mod learning;
mod life;
mod people;
mod streets;
mod trade;
mod utilities;
mod work;

use crate::population::Population;
use crate::sheet::Sheet;

pub(crate) use homes::{dwelling_number, title_number};
pub(crate) use learning::school_code;
pub(crate) use people::household_number;

/// What a dataset's records are made from, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    Persons,
    Households,
    Dwellings,
    Enterprises,
    Schools,
}

impl Over {
    /// How many there are.
    pub(crate) fn count(self, population: &Population) -> u32 {
        let count = match self {
            Self::Persons => population.persons.len(),
            Self::Households => population.households.len(),
            Self::Dwellings => population.homes.dwellings as usize,
            Self::Enterprises => population.enterprises.all.len(),
            Self::Schools => population.schools.all.len(),
        };
        count as u32
    }
}

/// Writes the records about one of them.
pub(crate) type Rows = fn(&Population, u32, &mut Sheet);

/// A core dataset.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Core {
    /// Its id.
    pub(crate) dataset: &'static str,
    pub(crate) over: Over,
    /// Roughly how many records each gives.
    pub(crate) each: u32,
    /// The fields that `rows` writes, in its order, with a space between.
    pub(crate) fields: &'static str,
    pub(crate) rows: Rows,
}

const fn core(
    dataset: &'static str,
    over: Over,
    each: u32,
    fields: &'static str,
    rows: Rows,
) -> Core {
    Core {
        dataset,
        over,
        each,
        fields,
        rows,
    }
}

use Over::{Dwellings, Enterprises, Households, Persons, Schools};

/// All of them.
#[rustfmt::skip]
pub(crate) const CORES: &[Core] = &[
    core("residents", Persons, 1, "citizen_number name sex birth_date ethnicity registration household_number relation district address phone registered_on left_on status", people::residents),
    core("households", Households, 1, "household_number kind head_citizen_number members district address registered_on status", people::households),
    core("residence-permits", Persons, 1, "citizen_number permit_number district address issued_on valid_until status", people::residence_permits),
    core("id-cards", Persons, 2, "citizen_number issued_on valid_until authority status", people::id_cards),
    core("marriages", Persons, 1, "citizen_number spouse_citizen_number certificate_number registered_on dissolved_on status", life::marriages),
    core("minimum-living-allowances", Persons, 1, "citizen_number household_number granted_on members monthly_amount ends_on status", life::allowances),
    core("births", Persons, 1, "citizen_number certificate_number born_on sex weight_g mother_citizen_number father_citizen_number hospital status", life::births),
    core("deaths", Persons, 1, "citizen_number certificate_number died_on place cause_class status", life::deaths),
    core("disability-certificates", Persons, 1, "citizen_number certificate_number category degree issued_on valid_until status", life::disabilities),
    core("veterans", Persons, 1, "citizen_number registration_number enlisted_on discharged_on placement status", life::veterans),
    core("doctor-registrations", Persons, 1, "citizen_number registration_number category specialty credit_code registered_on status", work::doctors),
    core("employments", Persons, 2, "citizen_number started_on credit_code occupation contract monthly_wage ended_on status", work::employments),
    core("social-insurance-months", Persons, 30, "citizen_number month credit_code base person_amount employer_amount status", work::social_insurance),
    core("medical-insurance-months", Persons, 40, "citizen_number month scheme base amount status", work::medical_insurance),
    core("provident-fund-months", Persons, 25, "citizen_number month credit_code base rate_percent amount status", work::fund_months),
    core("provident-fund-accounts", Persons, 1, "citizen_number account_number credit_code opened_on balance last_month status", work::fund_accounts),
    core("provident-fund-loans", Persons, 1, "loan_number citizen_number title_number amount outstanding months granted_on status", homes::fund_loans),
    core("dwellings", Dwellings, 1, "dwelling_number district community address floor rooms area_m2 built_year status", homes::dwellings),
    core("title-deeds", Persons, 1, "title_number citizen_number co_owner_citizen_number dwelling_number ownership area_m2 acquired_by registered_on status", homes::titles),
    core("mortgages", Persons, 1, "mortgage_number citizen_number title_number lender_credit_code amount from_on until_on status", homes::mortgages),
    core("seizures", Persons, 1, "seizure_number citizen_number title_number case_number from_on until_on status", homes::seizures),
    core("home-purchase-contracts", Persons, 1, "contract_number citizen_number dwelling_number market price signed_on status", homes::contracts),
    core("public-rental-tenancies", Persons, 1, "citizen_number contract_number address monthly_rent from_on until_on status", homes::public_rentals),
    core("water-accounts", Persons, 1, "account_number citizen_number dwelling_number opened_on last_reading debt status", utilities::water),
    core("electricity-accounts", Persons, 1, "account_number citizen_number dwelling_number opened_on last_reading debt status", utilities::electricity),
    core("gas-accounts", Persons, 1, "account_number citizen_number dwelling_number opened_on last_reading debt status", utilities::gas),
    core("vehicles", Persons, 1, "plate citizen_number vin kind energy brand registered_on inspection_valid_until status", streets::vehicles),
    core("driving-licences", Persons, 1, "citizen_number file_number class first_issued_on valid_until points status", streets::licences),
    core("bus-cards", Persons, 1, "card_number citizen_number kind issued_on balance status", streets::bus_cards),
    core("parking-permits", Persons, 1, "citizen_number plate district street from_on until_on status", streets::parking),
    core("judgment-defaulters", Persons, 1, "citizen_number case_number amount published_on removed_on status", life::defaulters),
    core("schools", Schools, 1, "school_code name stage district places status", learning::schools),
    core("student-enrolments", Persons, 1, "citizen_number school_year school_code stage grade status", learning::enrolments),
    core("degrees", Persons, 1, "citizen_number certificate_number level subject awarded_on status", learning::degrees),
    core("enterprises", Enterprises, 1, "credit_code name kind industry_section industry_code registered_capital established_on legal_representative district address closed_on status", firms::enterprises),
    core("enterprise-headcounts", Enterprises, 60, "credit_code month headcount joined_count left_count status", firms::headcounts),
    core("enterprise-revenue-years", Enterprises, 5, "credit_code year revenue profit research_spending average_headcount status", firms::revenues),
    core("tax-payments", Enterprises, 150, "credit_code month tax amount paid_on status", firms::tax_payments),
    core("tax-arrears", Enterprises, 1, "credit_code month tax amount due_on settled_on status", firms::tax_arrears),
    core("food-permits", Enterprises, 1, "credit_code permit_number activity issued_on valid_until status", trade::food_permits),
    core("fire-permits", Enterprises, 1, "credit_code permit_number place area_m2 issued_on status", trade::fire_permits),
    core("construction-permits", Enterprises, 1, "credit_code permit_number project district area_m2 contract_price issued_on status", trade::construction_permits),
    core("presale-permits", Enterprises, 1, "permit_number credit_code project district units area_m2 issued_on status", trade::presale_permits),
    core("inspections", Enterprises, 2, "credit_code inspection_number topic inspected_on result status", trade::inspections),
    core("administrative-penalties", Enterprises, 1, "credit_code decision_number ground amount decided_on status", trade::penalties),
    core("credit-penalties", Enterprises, 1, "credit_code listed_on ground removed_on status", trade::credit_penalties),
    core("judgment-defaulting-enterprises", Enterprises, 1, "credit_code case_number amount published_on removed_on status", trade::defaulters),
    core("export-declarations", Enterprises, 10, "credit_code declaration_number declared_on commodity country value weight_kg status", trade::exports),
    core("high-tech-certificates", Enterprises, 1, "credit_code certificate_number field issued_on valid_until status", trade::high_tech),
];
