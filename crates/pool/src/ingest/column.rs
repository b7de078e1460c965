//! One column of a source to the type of its field, exactly or not at all, and the faults of the
//! cells that are not of it. Columns that are right already are not copied.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, BooleanBuilder, Decimal128Array,
    PrimitiveArray, PrimitiveBuilder, StringArray, new_null_array,
};
use arrow::compute::{cast, nullif};
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, Decimal128Type, Float64Type, Int64Type, TimeUnit,
    TimestampMicrosecondType,
};
use city::kinds::{Field, FieldType};

use super::fault::{Code, shortened};
use super::limits::INTEGER_MAX;
use super::raw::{RowFault, shown};
use super::{Error, scalar};
use crate::table::{DECIMAL_DIGITS, data_type};

const DAY_MICROSECONDS: i64 = 86_400_000_000;
/// 0001-01-01 and 9999-12-31 as days since 1970-01-01.
const DAYS: std::ops::RangeInclusive<i32> = -719_162..=2_932_896;

/// A field with what is needed to read its column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading<'a> {
    pub(crate) field: &'a Field,
    /// Its place in the table.
    pub(crate) at: u16,
    /// The offset from UTC, in seconds, of moments that name no zone.
    pub(crate) zone: Option<i32>,
}

/// A column in its field's type, and which cells are not of it; those are null.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) array: ArrayRef,
    pub(crate) faults: Vec<RowFault>,
}

impl Reading<'_> {
    /// Reads a column.
    ///
    /// # Errors
    /// When the column's type can hold no value of the field.
    pub(crate) fn read(self, source: &ArrayRef) -> Result<Column, Error> {
        let wanted = data_type(self.field);
        match source.data_type() {
            DataType::Null => Ok(Column::right(new_null_array(&wanted, source.len()))),
            DataType::Utf8 => self.text(source),
            DataType::LargeUtf8 | DataType::Utf8View => self.text(&cast(source, &DataType::Utf8)?),
            DataType::Dictionary(_, values) => self.read(&cast(source, values)?),
            _ => match self.field.kind {
                FieldType::Integer => self.integer(source),
                FieldType::Decimal | FieldType::Money => self.decimal(source),
                FieldType::Boolean if *source.data_type() == DataType::Boolean => {
                    Ok(Column::right(Arc::clone(source)))
                }
                FieldType::Date => self.date(source),
                FieldType::Datetime => self.datetime(source),
                FieldType::Text | FieldType::Boolean => Err(self.unusable(source)),
            },
        }
    }

    fn unusable(self, source: &ArrayRef) -> Error {
        Error::ColumnType {
            field: self.field.name.clone(),
            found: source.data_type().to_string(),
            wanted: data_type(self.field).to_string(),
        }
    }

    fn fault(self, row: usize, code: Code, value: &str) -> RowFault {
        RowFault {
            row: row as u32,
            field: self.at,
            code,
            value: shortened(value).into(),
        }
    }

    fn scale(self) -> u8 {
        match self.field.kind {
            FieldType::Money => 2,
            _ => self.field.scale.unwrap_or(0),
        }
    }

    fn text(self, source: &ArrayRef) -> Result<Column, Error> {
        let text = source.as_string::<i32>();
        match self.field.kind {
            FieldType::Text => without_empty(source),
            FieldType::Integer => Ok(self.parse::<Int64Type>(text, scalar::integer)),
            FieldType::Decimal | FieldType::Money => {
                let scale = self.scale();
                let parse = |text: &str| scalar::decimal(text, scale).map(i128::from);
                let Column { array, faults } = self.parse::<Decimal128Type>(text, parse);
                let array = decimals(array.as_primitive::<Decimal128Type>().clone(), scale)?;
                Ok(Column { array, faults })
            }
            FieldType::Date => Ok(self.parse::<Date32Type>(text, scalar::date)),
            FieldType::Datetime => {
                let parse = |text: &str| scalar::datetime(text, self.zone);
                let Column { array, faults } = self.parse::<TimestampMicrosecondType>(text, parse);
                let array = array.as_primitive::<TimestampMicrosecondType>().clone();
                Ok(Column {
                    array: Arc::new(array.with_timezone("UTC")),
                    faults,
                })
            }
            FieldType::Boolean => Ok(self.booleans(text)),
        }
    }

    /// Reads each cell with `parse`; spaces around it do not count, and nothing is nothing.
    fn parse<T: ArrowPrimitiveType>(
        self,
        text: &StringArray,
        parse: impl Fn(&str) -> Result<T::Native, Code>,
    ) -> Column {
        let mut faults = Vec::new();
        let mut values = PrimitiveBuilder::<T>::with_capacity(text.len());
        for (row, cell) in text.iter().enumerate() {
            let cell = cell.map(str::trim).filter(|cell| !cell.is_empty());
            match cell.map(&parse) {
                Some(Ok(value)) => values.append_value(value),
                Some(Err(code)) => {
                    faults.push(self.fault(row, code, cell.unwrap_or_default()));
                    values.append_null();
                }
                None => values.append_null(),
            }
        }
        Column {
            array: Arc::new(values.finish()),
            faults,
        }
    }

    fn booleans(self, text: &StringArray) -> Column {
        let mut faults = Vec::new();
        let mut values = BooleanBuilder::with_capacity(text.len());
        for (row, cell) in text.iter().enumerate() {
            let cell = cell.map(str::trim).filter(|cell| !cell.is_empty());
            match cell.map(scalar::boolean) {
                Some(Ok(value)) => values.append_value(value),
                Some(Err(code)) => {
                    faults.push(self.fault(row, code, cell.unwrap_or_default()));
                    values.append_null();
                }
                None => values.append_null(),
            }
        }
        Column {
            array: Arc::new(values.finish()),
            faults,
        }
    }

    fn integer(self, source: &ArrayRef) -> Result<Column, Error> {
        match source.data_type() {
            DataType::Int64 => {
                let in_range = |value: i64| (-INTEGER_MAX..=INTEGER_MAX).contains(&value);
                Ok(self.keep::<Int64Type>(source, source.as_primitive(), in_range))
            }
            DataType::Decimal128(_, scale) => {
                let unit = 10_i128
                    .checked_pow(u32::from(scale.unsigned_abs()))
                    .unwrap_or(1);
                let whole = |value: i128| match i64::try_from(value / unit) {
                    _ if value % unit != 0 || *scale < 0 => Err(Code::NotInteger),
                    Ok(value) if value.abs() <= INTEGER_MAX => Ok(value),
                    _ => Err(Code::TooLarge),
                };
                Ok(self.map::<Decimal128Type, Int64Type>(source, source.as_primitive(), whole))
            }
            kind if kind.is_floating() => {
                let floats = cast(source, &DataType::Float64)?;
                let whole = |value: f64| match value {
                    _ if value.fract() != 0.0 => Err(Code::NotInteger), // NaN and infinity as well
                    _ if value.abs() > 9_007_199_254_740_992.0 => Err(Code::TooLarge),
                    _ => Ok(value as i64),
                };
                Ok(self.map::<Float64Type, Int64Type>(source, floats.as_primitive(), whole))
            }
            kind if kind.is_integer() => {
                let cast = cast(source, &DataType::Int64)?;
                let column = self.integer(&cast)?;
                Ok(self.lost(source, column))
            }
            _ => Err(self.unusable(source)),
        }
    }

    fn decimal(self, source: &ArrayRef) -> Result<Column, Error> {
        let scale = self.scale();
        let limit = i128::from(INTEGER_MAX);
        let within = move |value: i128| {
            if value.abs() <= limit {
                Ok(value)
            } else {
                Err(Code::TooLarge)
            }
        };
        let Column { array, faults } = match source.data_type() {
            DataType::Decimal128(_, found) => {
                let found = *found;
                let values = source.as_primitive::<Decimal128Type>();
                if found == scale.cast_signed() {
                    self.keep::<Decimal128Type>(source, values, |value| value.abs() <= limit)
                } else {
                    let exact = |value| rescale(value, found, scale.cast_signed()).and_then(within);
                    self.map::<Decimal128Type, Decimal128Type>(source, values, exact)
                }
            }
            kind if kind.is_floating() => {
                let floats = cast(source, &DataType::Float64)?;
                let unit = 10_f64.powi(i32::from(scale));
                let exact = |value: f64| nearly(value, unit).and_then(within);
                self.map::<Float64Type, Decimal128Type>(source, floats.as_primitive(), exact)
            }
            kind if kind.is_integer() => {
                let integers = cast(source, &DataType::Int64)?;
                let exact =
                    |value: i64| rescale(value.into(), 0, scale.cast_signed()).and_then(within);
                let values = integers.as_primitive::<Int64Type>();
                let column = self.map::<Int64Type, Decimal128Type>(source, values, exact);
                self.lost(source, column)
            }
            _ => return Err(self.unusable(source)),
        };
        let array = decimals(array.as_primitive::<Decimal128Type>().clone(), scale)?;
        Ok(Column { array, faults })
    }

    fn date(self, source: &ArrayRef) -> Result<Column, Error> {
        match source.data_type() {
            DataType::Date32 => {
                let known = |days| DAYS.contains(&days);
                Ok(self.keep::<Date32Type>(source, source.as_primitive(), known))
            }
            DataType::Date64 => {
                let day = |millis: i64| day_at(millis.saturating_mul(1000));
                Ok(self.map::<Date64Type, Date32Type>(source, source.as_primitive(), day))
            }
            DataType::Timestamp(_, None) => {
                let micros = cast(source, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
                let micros = micros.as_primitive::<TimestampMicrosecondType>();
                Ok(self.map::<TimestampMicrosecondType, Date32Type>(source, micros, day_at))
            }
            _ => Err(self.unusable(source)),
        }
    }

    fn datetime(self, source: &ArrayRef) -> Result<Column, Error> {
        let DataType::Timestamp(_, zone) = source.data_type() else {
            return Err(self.unusable(source));
        };
        let offset = match (zone, self.zone) {
            (Some(_), _) => 0,
            (None, Some(offset)) => offset,
            (None, None) => {
                return Err(Error::ColumnZone {
                    field: self.field.name.clone(),
                });
            }
        };
        let kind = DataType::Timestamp(TimeUnit::Microsecond, zone.clone());
        let micros = cast(source, &kind)?;
        let shift = i64::from(offset) * 1_000_000;
        let days = i64::from(*DAYS.start()) * DAY_MICROSECONDS
            ..(i64::from(*DAYS.end()) + 1) * DAY_MICROSECONDS;
        let values = micros.as_primitive::<TimestampMicrosecondType>();
        let column = if shift == 0 {
            let known = |at| days.contains(&at);
            self.keep::<TimestampMicrosecondType>(&micros, values, known)
        } else {
            let moved = |at: i64| {
                let at = at.saturating_sub(shift);
                days.contains(&at).then_some(at).ok_or(Code::NoSuchDate)
            };
            self.map::<TimestampMicrosecondType, TimestampMicrosecondType>(source, values, moved)
        };
        let array = column
            .array
            .as_primitive::<TimestampMicrosecondType>()
            .clone();
        Ok(Column {
            array: Arc::new(array.with_timezone("UTC")),
            faults: column.faults,
        })
    }

    /// A column of the right type, which is shared if all cells are `right`.
    fn keep<T: ArrowPrimitiveType>(
        self,
        source: &ArrayRef,
        values: &PrimitiveArray<T>,
        right: impl Fn(T::Native) -> bool,
    ) -> Column {
        // Cells that are null hold zero or what was there; both are looked at only if need be.
        if values.values().iter().all(|value| right(*value)) {
            return Column::right(Arc::clone(source));
        }
        let code = match self.field.kind {
            FieldType::Date | FieldType::Datetime => Code::NoSuchDate,
            _ => Code::TooLarge,
        };
        let check = |value| if right(value) { Ok(value) } else { Err(code) };
        self.map::<T, T>(source, values, check)
    }

    fn map<S: ArrowPrimitiveType, T: ArrowPrimitiveType>(
        self,
        source: &ArrayRef,
        values: &PrimitiveArray<S>,
        map: impl Fn(S::Native) -> Result<T::Native, Code>,
    ) -> Column {
        let mut faults = Vec::new();
        let mut mapped = PrimitiveBuilder::<T>::with_capacity(values.len());
        for (row, value) in values.iter().enumerate() {
            match value.map(&map) {
                Some(Ok(value)) => mapped.append_value(value),
                Some(Err(code)) => {
                    faults.push(self.fault(row, code, &shown(source, row)));
                    mapped.append_null();
                }
                None => mapped.append_null(),
            }
        }
        Column {
            array: Arc::new(mapped.finish()),
            faults,
        }
    }

    /// Adds the cells that a cast has lost: those that were there and are not now.
    fn lost(self, source: &ArrayRef, mut column: Column) -> Column {
        if column.array.null_count() > source.null_count() + column.faults.len() {
            let gone = |row: &usize| source.is_valid(*row) && column.array.is_null(*row);
            let faults = (0..source.len()).filter(gone);
            column.faults = faults
                .map(|row| self.fault(row, Code::TooLarge, &shown(source, row)))
                .collect();
        }
        column
    }
}

impl Column {
    fn right(array: ArrayRef) -> Self {
        Self {
            array,
            faults: Vec::new(),
        }
    }
}

/// A text column in which an empty text is no text.
fn without_empty(source: &ArrayRef) -> Result<Column, Error> {
    let text = source.as_string::<i32>();
    let empty = |row| text.is_valid(row) && text.value_length(row) == 0;
    if !text.offsets().lengths().any(|length| length == 0) || !(0..text.len()).any(empty) {
        return Ok(Column::right(Arc::clone(source)));
    }
    let empty: BooleanArray = (0..text.len()).map(|row| Some(empty(row))).collect();
    Ok(Column::right(nullif(source, &empty)?))
}

fn decimals(array: Decimal128Array, scale: u8) -> Result<ArrayRef, Error> {
    Ok(Arc::new(array.with_precision_and_scale(
        DECIMAL_DIGITS,
        scale.cast_signed(),
    )?))
}

/// The day of a moment at midnight.
fn day_at(micros: i64) -> Result<i32, Code> {
    if micros.rem_euclid(DAY_MICROSECONDS) != 0 {
        return Err(Code::NotDate);
    }
    let day = i32::try_from(micros / DAY_MICROSECONDS).ok();
    day.filter(|day| DAYS.contains(day)).ok_or(Code::NoSuchDate)
}

/// The same number with other digits after the point, if it has no more than those.
fn rescale(value: i128, from: i8, to: i8) -> Result<i128, Code> {
    let by = i32::from(to) - i32::from(from);
    let unit = 10_i128
        .checked_pow(by.unsigned_abs())
        .ok_or(Code::TooLarge)?;
    if by >= 0 {
        value.checked_mul(unit).ok_or(Code::TooLarge)
    } else if value % unit == 0 {
        Ok(value / unit)
    } else {
        Err(Code::TooPrecise)
    }
}

/// A binary fraction as the decimal that it stands for, if it is within rounding of one.
fn nearly(value: f64, unit: f64) -> Result<i128, Code> {
    let scaled = value * unit;
    if !scaled.is_finite() {
        return Err(Code::NotDecimal);
    }
    if scaled.abs() > 9_007_199_254_740_992.0 {
        return Err(Code::TooLarge);
    }
    let rounded = scaled.round();
    if (scaled - rounded).abs() > (scaled.abs() * 1e-15).max(1e-6) {
        return Err(Code::TooPrecise);
    }
    Ok(rounded as i128)
}
