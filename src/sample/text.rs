//! Words, and the text that breaks naive readers.

use super::random::Random;

const FIRST_NAMES: &[&str] = &[
    "Ana",
    "Björn",
    "Chloé",
    "Dilnoza",
    "Emre",
    "Fatoumata",
    "Gökçe",
    "Hana",
    "Ingrid",
    "João",
    "Kofi",
    "Łucja",
    "Mei",
    "Noah",
    "Oluwaseun",
    "Priya",
    "Quentin",
    "Rosa",
    "Søren",
    "Thảo",
    "Uma",
    "Věra",
    "Wanjiru",
    "Ximena",
    "Yusuf",
    "Zoë",
    "美咲",
    "Олена",
    "ليلى",
    "Νίκος",
];
const LAST_NAMES: &[&str] = &[
    "Ahmed",
    "Brânză",
    "Conti",
    "D'Angelo",
    "Eriksson",
    "Fernández",
    "García Márquez",
    "Haddad",
    "Ivanova",
    "Jørgensen",
    "Kim",
    "Larsen",
    "Müller",
    "Nguyễn",
    "O'Neil",
    "Petrović",
    "Quispe",
    "Rossi",
    "Śliwa",
    "Tanaka",
    "Ünal",
    "van der Berg",
    "Weiß",
    "Xu",
    "Yılmaz",
    "Zhang",
    "鈴木",
    "Шевченко",
];
/// Without the letters that an address cannot have.
const ADDRESS_WORDS: &[&str] = &[
    "amber", "birch", "cobalt", "delta", "ember", "fjord", "grove", "harbor", "iris", "juniper", "kestrel",
    "linden", "maple", "north", "opal", "pine", "quartz", "river", "slate", "tulip", "umber", "violet",
    "willow", "zephyr",
];
const COMPANY_TAILS: &[&str] = &[
    "GmbH",
    "Ltd",
    "S.A.",
    "& Sons",
    "Inc.",
    "Oy",
    "株式会社",
    "Sp. z o.o.",
    "AB",
    "\"Group\"",
    "BV",
    "Kft.",
];
const CITIES: &[&str] = &[
    "Aarhus",
    "Bogotá",
    "Cluj-Napoca",
    "Dublin",
    "Essen",
    "Firenze",
    "Gdańsk",
    "Hà Nội",
    "İzmir",
    "Jyväskylä",
    "København",
    "Lagos",
    "München",
    "Nairobi",
    "Osaka",
    "Porto",
    "Querétaro",
    "Reykjavík",
    "São Paulo",
    "Toruń",
    "京都",
];
const STREETS: &[&str] = &[
    "High Street",
    "Rue de l'Église",
    "Königsallee",
    "Calle Mayor",
    "Via Roma",
    "Storgatan",
    "ul. Długa",
    "Gartenweg",
];
const WORDS: &[&str] = &[
    "account",
    "after",
    "agreed",
    "annual",
    "asked",
    "budget",
    "call",
    "contract",
    "customer",
    "data",
    "decision",
    "demo",
    "discount",
    "follow",
    "for",
    "friday",
    "from",
    "invoice",
    "meeting",
    "monday",
    "needs",
    "new",
    "next",
    "offer",
    "order",
    "plan",
    "price",
    "project",
    "proposal",
    "quarter",
    "question",
    "renewal",
    "report",
    "review",
    "sent",
    "seats",
    "support",
    "team",
    "the",
    "trial",
    "update",
    "upgrade",
    "user",
    "wants",
    "week",
    "with",
    "für",
    "über",
    "prêt",
    "señal",
    "größer",
    "検討中",
    "заказ",
    "🙂",
    "naïve",
    "Ångström",
];
const ACCENTED: &[char] = &['é', 'ß', 'ø', 'ł', 'ñ', 'ç', '日', 'ж', '€', '–'];

/// Text that has broken readers: each must come out of the lake as it went in.
/// Those before [`ODD_WITH_LEADING_QUOTE`] do not start with a quote.
pub const ODD: &[&str] = &[
    "\\N",
    "\\\\N",
    "NULL",
    "null",
    "N/A",
    "",
    " ",
    "  leading and trailing  ",
    "comma, inside",
    "semicolon; pipe| tab\tinside",
    "line\nbreak",
    "windows\r\nbreak",
    "old mac\rbreak",
    "ends with a line break\n",
    "\nstarts with one",
    "two\n\nempty lines\n\n\nhere",
    "says \"yes\" twice, \"yes\"",
    "inch 5\" and feet 6'",
    "C:\\temp\\new",
    "ends with a backslash\\",
    "backslash, comma \\, quote \\\" and break \\\n",
    "\\",
    "\\\\",
    "{\"json\": \"in, text\", \"n\": [1, 2]}",
    "<p class=\"note\">Hello,<br/>\n\tworld&nbsp;&amp; all</p>",
    "=SUM(A1:A9)",
    "0012",
    "1e5",
    "true",
    "2026-11-20",
    "e\u{301}  is not  \u{e9}",
    "👩‍👩‍👧‍👦 family, 🇺🇦 flag",
    "שלום, עולם",
    "zero\u{200b}width and no-break\u{a0}space",
    "line\u{2028}separator and next\u{85}line",
    "byte order\u{feff}mark inside",
    "control \u{1} \u{7f} characters",
    "ﬁ ligature, Ⅷ, ㎏, 𝕏, 𐍈",
    "# not a comment",
    "\"starts with a quote",
    "\"whole in quotes\"",
    "\"\"",
    "\"",
    "\"a\",\"b\"",
    "\"\n\"",
];
/// Where those that start with a quote begin: in text without quoting they would look like quoted text, so tables of
/// the escaped dialect must do without.
pub const ODD_WITH_LEADING_QUOTE: usize = 39;

/// A given name.
pub fn first_name(random: &mut Random) -> String {
    random.pick(FIRST_NAMES).to_owned()
}

/// A family name.
pub fn last_name(random: &mut Random) -> String {
    random.pick(LAST_NAMES).to_owned()
}

/// A town.
pub fn city(random: &mut Random) -> String {
    random.pick(CITIES).to_owned()
}

/// An address line. It always has a comma.
pub fn street(random: &mut Random) -> String {
    format!(
        "{} {}, {}",
        random.pick(STREETS),
        1 + random.below(240),
        random.below(30)
    )
}

/// An e-mail address under a name reserved for examples.
pub fn email(random: &mut Random) -> String {
    let (a, b) = (random.pick(ADDRESS_WORDS), random.pick(ADDRESS_WORDS));
    format!(
        "{a}.{b}{}@{}.example.com",
        random.below(100_000),
        random.pick(ADDRESS_WORDS)
    )
}

/// A domain under a name reserved for examples.
pub fn domain(random: &mut Random) -> String {
    let (a, b) = (random.pick(ADDRESS_WORDS), random.pick(ADDRESS_WORDS));
    format!("{a}-{b}{}.example.com", random.below(10_000))
}

/// A company's name; now and then it has quotes in it.
pub fn company(random: &mut Random) -> String {
    let word = capital(random.pick(ADDRESS_WORDS));
    format!(
        "{word} {} {}",
        capital(random.pick(ADDRESS_WORDS)),
        random.pick(COMPANY_TAILS)
    )
}

/// A telephone number with all its zeros.
pub fn phone(random: &mut Random) -> String {
    match random.below(3) {
        0 => format!(
            "+{} {:03} {:07}",
            1 + random.below(98),
            random.below(1_000),
            random.below(10_000_000)
        ),
        1 => format!("0{:02}/{:08}", random.below(100), random.below(100_000_000)),
        _ => format!("00{}{:09}", 1 + random.below(98), random.below(1_000_000_000)),
    }
}

/// A title of a few words. It always has a comma.
pub fn title(random: &mut Random) -> String {
    let mut text = capital(random.pick(WORDS));
    for _ in 0..random.below(3) {
        text.push(' ');
        text.push_str(random.pick(WORDS));
    }
    text.push_str(", ");
    text.push_str(random.pick(WORDS));
    text.push_str(&format!(" {}", random.below(10_000)));
    text
}

/// Free text of some sentences, with line breaks, quotes, markup and backslashes where people put them. It always has
/// a comma, and never starts with a quote.
pub fn notes(random: &mut Random) -> String {
    let mut text = String::new();
    let html = random.chance(200);
    if html {
        text.push_str("<div dir=\"auto\" data-top-level=\"true\"><p>");
    }
    let sentences = 1 + random.below(4);
    for n in 0..sentences {
        if n > 0 {
            text.push_str(match random.below(5) {
                0 if html => "</p>\n<p>",
                0 | 1 => "\n",
                2 => "\r\n",
                _ => " ",
            });
        }
        sentence(random, &mut text);
    }
    if html {
        text.push_str("</p></div>");
    }
    text
}

fn sentence(random: &mut Random, text: &mut String) {
    text.push_str(&capital(random.pick(WORDS)));
    text.push(',');
    for _ in 0..3 + random.below(8) {
        text.push(' ');
        match random.below(60) {
            0 => text.push_str("\"quoted\""),
            1 => text.push_str("C:\\files\\q4"),
            2 => text.push_str(&format!("{}%", random.below(100))),
            3 => text.push(ACCENTED[random.below(ACCENTED.len() as u64) as usize]),
            4 => text.push_str("see https://www.example.com/a?b=1&c=2,"),
            _ => text.push_str(random.pick(WORDS)),
        }
    }
    text.push('.');
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_texts_are_told_apart() {
        for (n, odd) in ODD.iter().enumerate() {
            assert_eq!(odd.starts_with('"'), n >= ODD_WITH_LEADING_QUOTE, "{n} {odd:?}");
        }
    }

    #[test]
    fn notes_have_a_comma_and_no_leading_quote() {
        for n in 0..10_000 {
            let text = notes(&mut Random::at(1, &[n]));
            assert!(text.contains(',') && !text.starts_with('"'));
        }
    }
}
