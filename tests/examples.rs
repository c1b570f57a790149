//! Promise: the short examples print what is written here. They are compiled into this test as modules.

#[allow(dead_code)] // `main` only prints what `answer` returns
#[path = "../examples/chest_xray.rs"]
mod chest_xray;
#[allow(dead_code)]
#[path = "../examples/plug_in_schedule.rs"]
mod plug_in_schedule;
#[allow(dead_code)]
#[path = "../examples/quotas.rs"]
mod quotas;

#[test]
fn quotas_go_from_level_to_the_long_tail() {
    let expected = "\
epoch  samples  of each class
    0       62  [13, 13, 12, 12, 12]
    1      123  [26, 25, 24, 24, 24]
    4      306  [99, 67, 57, 51, 32]
    8      551  [305, 103, 66, 45, 32]
       class 0 is 55.4 % of this epoch, but only 49.8 % of the data
    9      612  [305, 103, 92, 80, 32]
   10      612  [305, 103, 92, 80, 32]
gradient steps of epochs 0 to 11: 150
";
    assert_eq!(quotas::answer().unwrap(), expected);
}

#[test]
fn a_schedule_of_ones_own_gets_selection_order_and_batches() {
    let expected = "\
epoch 0: [3, 3, 2] in 2 steps: [12, 0, 2, 9, 8, 10, 11, 1]
epoch 2: [6, 3, 2] in 3 steps: [10, 11, 12, 5, 4, 1, 0, 9, 2, 3, 8]
epoch 4: [8, 3, 2] in 4 steps: [3, 1, 2, 6, 4, 12, 9, 10, 8, 0, 5, 11, 7]
";
    assert_eq!(plug_in_schedule::answer().unwrap(), expected);
}

#[test]
fn rare_findings_come_early_and_no_patient_fills_an_epoch() {
    let expected = "\
finding              data  epoch 0 (478)  epoch 4 (2390)  epoch 9 (4780)
Infiltration         1079            112             562            1028
Effusion              722             71             387             693
Atelectasis           643             64             355             611
Nodule                331             58             252             326
Mass                  294             45             219             292
Pneumothorax          275             49             201             272
Consolidation         235             45             184             231
Pleural thickening    157             39             156             156
Cardiomegaly          149             34             148             148
Emphysema             141             35             141             140
Edema                 123             36             123             123
Fibrosis               90             34              89              90
Pneumonia              65             33              64              64
Hernia                 12             12              12              12
largest patient: 0.42 % of epoch 9
split 7:1:2 by patient: the worst finding of 20 or more is 13.5 % off
";
    assert_eq!(chest_xray::answer().unwrap(), expected);
}
