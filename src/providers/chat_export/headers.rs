//! Where messages begin, and when they were sent.

use jiff::{
    civil::{Date, DateTime, Time},
    tz::TimeZone,
};

use super::{is_blank, is_mark};
use crate::providers::Micros;

/// The heads of all messages of a file.
pub(super) struct Headers {
    /// In the file's order.
    pub found: Vec<Header>,
    /// Whether the file is an iPhone's: those write the time in brackets.
    pub is_iphone: bool,
}

/// The head of one message.
pub(super) struct Header {
    /// Where its line begins in the text.
    pub line: usize,
    /// Where the sender, or a notice, begins.
    pub body: usize,
    /// When it was sent.
    pub at: Micros,
}

/// How one phone writes every head of one export. A line of another style is no head: it was pasted into a message.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Style {
    in_brackets: bool,
    separator: char,
    year: Year,
    joint: Joint,
    has_seconds: bool,
    is_twelve_hour: bool,
}

/// Where the year stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Year {
    First,
    LastFour,
    LastTwo,
}

/// What stands between date and time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Joint {
    Comma,
    Word,
    Space,
}

/// Which of the three comes first in a date.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Year,
    Day,
    Month,
}

/// A head as written, its date not yet understood.
struct Stamp {
    line: usize,
    body: usize,
    fields: [i16; 3],
    time: [i8; 3],
}

/// Finds the heads; `None` when the first written line is none. A line whose date the calendar does not have in the
/// file's order of day and month is no head.
pub(super) fn find(text: &str, zone: &TimeZone) -> Option<Headers> {
    let mut style = None;
    let mut stamps: Vec<Stamp> = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let line_start = start;
        start += line.len();
        let Some((mut stamp, line_style)) = read_stamp(line) else {
            if style.is_none() && !line.trim_matches(is_blank).is_empty() {
                return None;
            }
            continue;
        };
        if *style.get_or_insert(line_style) == line_style {
            stamp.line = line_start;
            stamp.body += line_start;
            stamps.push(stamp);
        }
    }
    let style = style?;
    let order = decide_order(&stamps, style);
    let found: Vec<Header> = stamps
        .iter()
        .filter_map(|stamp| {
            // jiff resolves gaps and folds "compatible" (RFC 5545) here.
            let at = zone.to_timestamp(stamp.local(order, style.year)?).ok()?.as_microsecond();
            Some(Header { line: stamp.line, body: stamp.body, at })
        })
        .collect();
    (!found.is_empty()).then_some(Headers { found, is_iphone: style.in_brackets })
}

impl Stamp {
    /// Year, month and day as numbers, whether or not the calendar has them.
    fn date(&self, order: Order) -> [i16; 3] {
        let [a, b, c] = self.fields;
        match order {
            Order::Year => [a, b, c],
            Order::Day => [c, b, a],
            Order::Month => [c, a, b],
        }
    }

    fn local(&self, order: Order, year_style: Year) -> Option<DateTime> {
        let [year, month, day] = self.date(order);
        let year = if year_style == Year::LastTwo { year + 2000 } else { year };
        let [hour, minute, second] = self.time;
        let date = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
        Some(date.to_datetime(Time::new(hour, minute, second, 0).ok()?))
    }
}

/// Day first or month first, once for the whole file: a number above 12 decides, by majority because messages can
/// quote other exports; else the reading under which time runs backwards less often; else the clock, for who writes
/// AM and PM writes the month first.
fn decide_order(stamps: &[Stamp], style: Style) -> Order {
    if style.year == Year::First {
        return Order::Year;
    }
    let above_12 = |field: fn(&Stamp) -> i16| stamps.iter().filter(|stamp| field(stamp) > 12).count();
    let (first, second) = (above_12(|stamp| stamp.fields[0]), above_12(|stamp| stamp.fields[1]));
    let steps_back = |order| {
        let pairs = stamps.iter().zip(stamps.iter().skip(1));
        pairs.filter(|(a, b)| (a.date(order), a.time) > (b.date(order), b.time)).count()
    };
    let by_clock = if style.is_twelve_hour { Order::Month } else { Order::Day };
    match first.cmp(&second) {
        std::cmp::Ordering::Greater => Order::Day,
        std::cmp::Ordering::Less => Order::Month,
        std::cmp::Ordering::Equal => match steps_back(Order::Day).cmp(&steps_back(Order::Month)) {
            std::cmp::Ordering::Less => Order::Day,
            std::cmp::Ordering::Greater => Order::Month,
            std::cmp::Ordering::Equal => by_clock,
        },
    }
}

/// Reads the head of a line; its `line` and `body` count from the line's start.
fn read_stamp(line: &str) -> Option<(Stamp, Style)> {
    let mut rest = Rest(line.trim_start_matches(is_mark));
    // Nearly every line that is no head ends here.
    if !rest.0.starts_with(|c: char| c == '[' || c.is_ascii_digit()) {
        return None;
    }
    let in_brackets = rest.eat('[');
    let (first, first_digits) = rest.number(4)?;
    let separator = rest.0.chars().next().filter(|c| matches!(c, '/' | '.' | '-'))?;
    rest.eat(separator);
    let (second, second_digits) = rest.number(2)?;
    if !rest.eat(separator) {
        return None;
    }
    let (third, third_digits) = rest.number(4)?;
    let year = match (first_digits, second_digits, third_digits) {
        (4, 1..=2, 1..=2) => Year::First,
        (1..=2, 1..=2, 4) => Year::LastFour,
        (1..=2, 1..=2, 2) => Year::LastTwo,
        _ => return None,
    };
    let joint = rest.joint()?;
    let (time, has_seconds, is_twelve_hour) = rest.time()?;
    let is_closed = if in_brackets { rest.eat(']') } else { rest.blanks() && (rest.eat('-') || rest.eat('–')) };
    if !is_closed || !rest.blanks() {
        return None;
    }
    let style = Style { in_brackets, separator, year, joint, has_seconds, is_twelve_hour };
    let body = line.len() - rest.0.len();
    Some((Stamp { line: 0, body, fields: [first, second, third], time }, style))
}

/// What is left of a line.
struct Rest<'a>(&'a str);

impl Rest<'_> {
    fn eat(&mut self, c: char) -> bool {
        let rest = self.0.strip_prefix(c);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    /// Whitespace of any kind (iPhones write U+202F before AM and PM), but not the line's end.
    fn blanks(&mut self) -> bool {
        let rest = self.0.trim_start_matches(|c: char| c.is_whitespace() && !matches!(c, '\n' | '\r'));
        let some = rest.len() < self.0.len();
        self.0 = rest;
        some
    }

    /// A number of up to `most` digits, and how many it has.
    fn number(&mut self, most: usize) -> Option<(i16, usize)> {
        let digits = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = self.0.split_at_checked(digits)?;
        self.0 = rest;
        if digits <= most { Some((number.parse().ok()?, digits)) } else { None }
    }

    fn joint(&mut self) -> Option<Joint> {
        let has_comma = self.eat(',');
        if !self.blanks() {
            return None;
        }
        for word in ["às ", "at "] {
            if let Some(rest) = self.0.strip_prefix(word) {
                self.0 = rest;
                return Some(Joint::Word);
            }
        }
        Some(if has_comma { Joint::Comma } else { Joint::Space })
    }

    /// Hour, minute and second, whether seconds were written, and whether the clock has twelve hours.
    fn time(&mut self) -> Option<([i8; 3], bool, bool)> {
        let (mut hour, _) = self.number(2)?;
        if !self.eat(':') {
            return None;
        }
        let (minute, _) = self.number(2)?;
        let seconds = if self.eat(':') { Some(self.number(2)?.0) } else { None };
        let is_afternoon = self.half_day();
        if let Some(is_afternoon) = is_afternoon {
            if hour > 12 {
                return None;
            }
            hour = hour % 12 + if is_afternoon { 12 } else { 0 };
        }
        let second = seconds.unwrap_or(0);
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let time = [i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, i8::try_from(second).ok()?];
        Some((time, seconds.is_some(), is_afternoon.is_some()))
    }

    /// `AM`, `pm`, `a.m.`, `p. m.`: whether it is the afternoon. Takes nothing where none is.
    fn half_day(&mut self) -> Option<bool> {
        let mut rest = Rest(self.0);
        rest.blanks();
        let is_afternoon = rest.eat('p') || rest.eat('P');
        if !is_afternoon && !rest.eat('a') && !rest.eat('A') {
            return None;
        }
        rest.eat('.');
        rest.blanks();
        if !rest.eat('m') && !rest.eat('M') {
            return None;
        }
        rest.eat('.');
        self.0 = rest.0;
        Some(is_afternoon)
    }
}
