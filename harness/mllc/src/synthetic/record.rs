//! An invented history and invented laboratory values. Each hints at the class, and none is certain.

use super::Class;
use super::draw::Draw;

/// Names of the laboratory columns.
pub(super) const COLUMNS: [&str; 8] =
    ["afp_ng_ml", "cea_ng_ml", "ca19_9_u_ml", "alt_u_l", "ast_u_l", "bilirubin_umol_l", "albumin_g_l", "platelets_g_l"];
/// For each column: mean logarithm for normal, metastatic and hcc, and its spread.
const VALUES: [([f64; 3], f64); 8] = [
    ([1.2, 1.2, 3.0], 1.4),
    ([0.7, 1.9, 0.8], 1.1),
    ([2.2, 3.0, 2.5], 1.1),
    ([3.2, 3.5, 3.8], 0.5),
    ([3.1, 3.4, 3.8], 0.5),
    ([2.3, 2.5, 2.9], 0.5),
    ([3.74, 3.68, 3.58], 0.12),
    ([5.5, 5.5, 5.05], 0.35),
];

/// Who it is.
#[derive(Debug)]
pub(super) struct Person {
    age: u32,
    woman: bool,
}

impl Person {
    pub(super) fn draw(class: Class, draw: &mut Draw) -> Self {
        let (age, women) = match class {
            Class::Normal => (52.0, 0.52),
            Class::Metastatic => (63.0, 0.45),
            Class::Hcc => (60.0, 0.25),
        };
        Self { age: draw.normal(age, 11.0).clamp(22.0, 89.0) as u32, woman: draw.chance(women) }
    }

    pub(super) fn history(&self, class: Class, draw: &mut Draw) -> String {
        let by_class = |[normal, metastatic, hcc]: [f64; 3]| match class {
            Class::Normal => normal,
            Class::Metastatic => metastatic,
            Class::Hcc => hcc,
        };
        let mut sentences = vec![format!(
            "{}-year-old {}, {}.",
            self.age,
            if self.woman { "woman" } else { "man" },
            draw.pick(&["referred by the family doctor", "seen as an outpatient", "admitted from the emergency room"])
        )];
        let mut say = |shares: [f64; 3], choices: &[&str], draw: &mut Draw| {
            if draw.chance(by_class(shares)) {
                sentences.push((*draw.pick(choices)).to_owned());
            }
        };
        let tumour = [
            "Resection of a sigmoid carcinoma three years ago.",
            "Treated for breast cancer in the past.",
            "Pancreatic tumour known since spring.",
            "History of colorectal cancer, adjuvant chemotherapy completed.",
        ];
        say([0.08, 0.62, 0.08], &tumour, draw);
        let liver = [
            "Chronic hepatitis B for many years.",
            "Known cirrhosis of the liver, Child A.",
            "Hepatitis C, treated; long alcohol abuse.",
            "Fatty liver disease with fibrosis.",
        ];
        say([0.12, 0.1, 0.62], &liver, draw);
        let weight = ["Lost weight in the last months.", "Reports loss of appetite and fatigue."];
        say([0.15, 0.45, 0.4], &weight, draw);
        let pain = [
            "Pressure in the right upper abdomen.",
            "Dull abdominal pain for some weeks.",
            "No complaints at present.",
        ];
        say([0.7, 0.7, 0.7], &pain, draw);
        let occasion = [
            "Ultrasound showed an uncertain finding in the liver.",
            "CT for clarification.",
            "Annual check-up.",
            "Follow-up imaging as planned.",
        ];
        say([0.9, 0.9, 0.9], &occasion, draw);
        sentences.join(" ")
    }
}

/// The cells of [`COLUMNS`]. A few are empty, and a few patients have none.
pub(super) fn laboratory(class: Class, draw: &mut Draw) -> Vec<String> {
    let none = draw.chance(0.03);
    let cell = |(means, sd): &([f64; 3], f64)| {
        let value = draw.normal(means[class as usize], *sd).exp();
        if draw.chance(0.08) || none { String::new() } else { format!("{value:.1}") }
    };
    VALUES.iter().map(cell).collect()
}
