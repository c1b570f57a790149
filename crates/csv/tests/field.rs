//! Promise: files as people have them are read for what they are.
//!
//! The files under `tests/field` were made after public reports.

use std::path::Path;

use climd_csv::{Decimal, Error, HeaderOption, Kind, LABELS, Labels, Options, Separator, Sheet, Wanted};

fn field(name: &str) -> Sheet {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/field").join(name);
    Sheet::read(file, Options::default()).unwrap()
}

fn sheet(text: &str) -> Sheet {
    let sheet = Sheet::parse(text.as_bytes(), Path::new("a.csv"), Options::default()).unwrap();
    sheet.check().unwrap();
    sheet
}

fn wanted<'a>(column: Option<&'a str>, one_hot: &'a [String]) -> Wanted<'a> {
    Wanted { column: LABELS.wanted(column), one_hot, keep_missing: false }
}

fn labels(sheet: &Sheet) -> Labels {
    Labels::read(sheet, wanted(None, &[])).unwrap()
}

/// Classes with their counts.
fn counted(labels: &Labels) -> Vec<(&str, usize)> {
    labels.classes.iter().map(String::as_str).zip(labels.counts()).collect()
}

// ---------------------------------------------------------------------- headers

#[test]
fn a_file_without_header_keeps_its_first_sample() {
    let table = field("headerless.csv");
    assert!(!table.header().present && table.len() == 25);
    assert_eq!(table.header().to_string(), "row 1 is data: there is no header, as `rare` is in the rows below, too");
    assert_eq!(counted(&labels(&table)), [("common", 20), ("rare", 5)]);
    let table = field("floats.csv");
    assert_eq!(counted(&labels(&table)), [("0", 20), ("1", 5)]);
    // siblings: another separator, ids in front, a byte order mark, and one class that comes once
    for text in ["p0;rare\np1;rare\np2;common\n", "\u{feff}p0\trare\np1\trare\n", "17,a\n18,b\n19,b\n"] {
        assert!(!sheet(text).header().present, "{text}");
    }
}

#[test]
fn an_unsure_header_is_said_with_what_to_do() {
    let sheet = sheet("once\nmany\nmany\n");
    assert!(sheet.header().present && !sheet.header().is_sure());
    assert!(sheet.header().to_string().contains("if `once` is a value, say so with --no-header"));
    let absent = Options { header: HeaderOption::Absent, ..Options::default() };
    let sheet = Sheet::parse(b"once\nmany\nmany\n", Path::new("a.csv"), absent).unwrap();
    assert_eq!((sheet.len(), sheet.names()), (3, None));
}

// ---------------------------------------------------------------------- separators, marks, rows

#[test]
fn separators_are_found() {
    let semicolons = field("semicolon.csv");
    assert_eq!((semicolons.separator(), semicolons.len()), (Separator::Semicolon, 25));
    assert_eq!(counted(&labels(&semicolons)), [("common", 20), ("rare", 5)]);
    for (text, separator) in [
        ("id\tlabel\np0\ta\np1\tb\n", Separator::Tab),
        ("id|label\np0|a\np1|b\n", Separator::Pipe),
        ("\u{feff}sep=;\r\nid;label\r\np0;a\r\np1;b\r\n", Separator::Semicolon),
        ("\"id\";\"label\"\n\"p0\";\"a, b\"\n\"p1\";\"b\"\n", Separator::Semicolon),
    ] {
        let sheet = sheet(text);
        assert_eq!(
            (sheet.separator(), sheet.names().unwrap()),
            (separator, &["id".into(), "label".into()][..]),
            "{text}"
        );
        assert_eq!((sheet.len(), sheet.number(0)), (2, 2), "{text}");
    }
}

#[test]
fn decimal_commas_are_read_where_cells_are_parted_by_something_else() {
    let table = sheet("id;label;afp\nP1;normal;1,5\nP2;hcc;1.234,5\nP3;hcc;NA\n");
    assert_eq!((table.number_at(0, 2).unwrap(), table.number_at(1, 2).unwrap()), (1.5, 1234.5));
    assert_eq!(table.measured_at(2, 2).unwrap(), None);
    assert!(table.notes()[0].contains("`1,5` is read as 1.5"), "{:?}", table.notes());
    let table = sheet("id\tafp\nP1\t1,5\nP2\t2,25\n");
    assert_eq!(table.number_at(1, 1).unwrap(), 2.25);
    // thousands or fractions? nobody knows, so nobody guesses
    for text in ["id\tafp\nP1\t1,500\nP2\t2,250\n", "id;afp\nP1;1,5\nP2;2.5\n"] {
        let message = sheet(text).number_at(0, 1).unwrap_err().to_string();
        assert!(
            message.contains("row 2, column 2 (`afp`)")
                && message.contains("write all numbers of the file with a point"),
            "{message}"
        );
    }
    let message = sheet("id,afp\nP1,\"1,5\"\n").number_at(0, 1).unwrap_err().to_string();
    assert!(message.contains("write it with a decimal point"), "{message}");
    assert_eq!(Decimal::default(), Decimal::Point);
}

#[test]
fn rows_are_counted_as_a_spreadsheet_counts_them() {
    let table = sheet("id,label,afp\nP1,normal,1\n\nP2,hcc,2\nP3,hcc,x\n,,\n,,\n");
    assert_eq!(table.len(), 3);
    assert!(table.number_at(2, 2).unwrap_err().to_string().starts_with("`a.csv`, row 5, column 3 (`afp`): found `x`"));
    assert_eq!(table.notes(), ["row 3 is blank: left out"]);
    let ragged = Sheet::parse(b"id,label\r\n\r\n;\r\na,b\r\nc\r\n", Path::new("a.csv"), Options::default()).unwrap();
    assert!(ragged.check().unwrap_err().to_string().contains("row 3: found 1 cells, but row 1 has 2"));
    let open = Sheet::parse(b"id,label\n\"a,b\nc,d\ne,f\n", Path::new("a.csv"), Options::default()).unwrap();
    assert!(open.check().unwrap_err().to_string().contains("a quotation mark that is not closed"));
}

#[test]
fn other_encodings_and_files_are_named() {
    let parse = |bytes: &[u8]| match Sheet::parse(bytes, Path::new("a.csv"), Options::default()) {
        Ok(sheet) => sheet.check().unwrap_err().to_string(),
        Err(error) => error.to_string(),
    };
    assert!(parse(b"\xff\xfei\0d\0\n\0").contains("is UTF-16"));
    assert!(parse(b"id,label\np1,a\np2,\xe4\n").contains("row 3: the bytes are not UTF-8 text"));
    assert!(parse(b"n\xe4me,label\np1,a\n").contains("row 1: the bytes are not UTF-8 text"));
    assert!(parse(b"PK\x03\x04").contains("a zip file, as .xlsx files are"));
}

#[test]
fn an_index_of_pandas_is_noticed_and_is_no_data() {
    for text in [",label\n0,a\n1,b\n2,b\n", "Unnamed: 0,label\n0,a\n1,b\n2,b\n", "0,0.5\n1,0.25\n2,0.75\n"] {
        let sheet = sheet(text);
        assert_eq!(sheet.index(), Some(0), "{text}");
        assert!(sheet.notes()[0].starts_with("column 1 counts the rows from 0 to 2"), "{:?}", sheet.notes());
    }
    assert_eq!(labels(&sheet(",kind\n0,a\n1,b\n2,b\n")).kind, Kind::Column(1)); // the only other one
    // a column with a name of its own, or that does not count, is data
    for text in ["age,label\n0,a\n1,b\n2,b\n", "5,0.5\n7,0.25\n9,0.75\n"] {
        assert_eq!(sheet(text).index(), None, "{text}");
    }
}

// ---------------------------------------------------------------------- columns and labels

#[test]
fn messages_about_columns_list_those_there_are() {
    let table = sheet("patient;kind;age\nP1;a;5\nP2;b;7\n");
    let missing = Labels::read(&table, wanted(None, &[])).unwrap_err().to_string();
    let other = Labels::read(&table, wanted(Some("grade"), &[])).unwrap_err().to_string();
    for message in [missing, other] {
        assert!(message.contains("its columns are 1 `patient`, 2 `kind`, 3 `age`, semicolon-separated"), "{message}");
        assert!(message.contains("--column"), "{message}");
    }
    // case, spaces and underscores do not matter, and a number will do
    let table = sheet("Patient ID,Tumor_Grade\nP1,a\nP2,b\nP3,b\n");
    for name in ["tumor grade", "Tumor_Grade", "2"] {
        assert_eq!(Labels::read(&table, wanted(Some(name), &[])).unwrap().kind, Kind::Column(1), "{name}");
    }
    let twice = sheet("id,label,label\nP1,a,b\nP2,b,c\n");
    let error = Labels::read(&twice, wanted(Some("label"), &[])).unwrap_err();
    assert!(matches!(error, Error::ColumnTwice { first: 2, second: 3, .. }), "{error}");
}

#[test]
fn missing_labels_are_left_out_and_said() {
    let found = labels(&field("missing.csv"));
    assert_eq!(counted(&found), [("common", 20), ("rare", 5)]);
    let [warning] = &found.warnings[..] else { panic!("{:?}", found.warnings) };
    assert!(
        warning.contains("rows 27 to 30 have no label (`NA`, `n/a`, `NaN`, `None` look like a missing one)"),
        "{warning}"
    );
    assert!(warning.contains("left out, 4 in all") && warning.contains("--keep-missing"), "{warning}");
    let keep = Wanted { keep_missing: true, ..wanted(None, &[]) };
    assert_eq!(Labels::read(&field("missing.csv"), keep).unwrap().classes.len(), 6);
    // siblings
    let empty = labels(&sheet("id,label\np1,a\np2,\np3,b\np4,b\n"));
    assert_eq!((empty.rows.as_slice(), empty.warnings.len()), (&[0, 2, 3][..], 1));
    assert!(
        empty.warnings[0].contains("row 3 has no label (an empty cell looks like a missing one)"),
        "{:?}",
        empty.warnings
    );
    // as many as of a class: the grade of those who have nothing
    let grade = labels(&sheet("id,label\np1,None\np2,None\np3,mild\np4,severe\n"));
    assert_eq!(grade.classes, ["None", "mild", "severe"]);
    assert!(grade.warnings[0].contains("`None` (2) is often written for a missing label"), "{:?}", grade.warnings);
    let error = Labels::read(&sheet("id,label\np1,NA\np2,\n"), wanted(None, &[])).unwrap_err().to_string();
    assert!(error.contains("none of the 2 rows has a label"), "{error}");
}

#[test]
fn several_columns_that_could_hold_the_labels_are_said() {
    let table = sheet("id,class,label,Labels\na,x,0,0\nb,y,1,1\nc,x,0,0\n");
    let found = labels(&table);
    assert_eq!((&found.kind, found.warnings.len()), (&Kind::Column(2), 1));
    let says = "column `label` is read, but column `Labels` and column `class` could hold the labels, too: say which \
                one is meant with --column";
    assert_eq!(found.warnings[0], says);
    assert!(Labels::read(&table, wanted(Some("class"), &[])).unwrap().warnings.is_empty());
}

#[test]
fn ids_in_the_place_of_labels_are_said() {
    let rows = |n: usize| (0..n).map(|at| format!("p{at}\n")).collect::<String>();
    let error = Labels::read(&sheet(&format!("who\n{}", rows(25))), wanted(None, &[])).unwrap_err().to_string();
    assert!(error.contains("each of the 25 rows has a value of its own (`p0`, ...), as an id has"), "{error}");
    let table = sheet(&format!("id,label\n{}", (0..25).map(|at| format!("p{at},{}\n", at % 2)).collect::<String>()));
    let found = Labels::read(&table, wanted(Some("id"), &[])).unwrap();
    assert!(
        found.warnings[0].contains("as an id has") && found.warnings[0].contains("2 `label`"),
        "{:?}",
        found.warnings
    );
    assert!(labels(&table).warnings.is_empty());
    // a measurement is no class
    let ages = sheet(&format!("age\n{}", (0..60).map(|at| format!("{}.5\n", 30 + at % 20)).collect::<String>()));
    let found = Labels::read(&ages, wanted(Some("age"), &[])).unwrap();
    assert!(found.warnings[0].contains("is it a measurement?"), "{:?}", found.warnings);
}

#[test]
fn names_of_one_class_in_two_ways_are_said() {
    let found = labels(&sheet("id,label\na,HCC\nb,hcc\nc,hcc\nd,normal\n"));
    assert!(
        found.warnings[0].starts_with("`HCC` (1) and `hcc` (2) differ in case, spaces or number format alone"),
        "{:?}",
        found.warnings
    );
    let found = labels(&sheet("id,label\na,1\nb,1.0\nc,2\nd,2\n"));
    assert!(found.warnings[0].starts_with("`1` (1) and `1.0` (1) differ"), "{:?}", found.warnings);
}

#[test]
fn several_labels_in_a_cell_are_read_as_such() {
    let table = field("pipes.csv");
    let found = Labels::read(&table, wanted(Some("Finding Labels"), &[])).unwrap();
    assert_eq!(found.kind, Kind::Cells(1, '|'));
    assert_eq!(counted(&found), [("Effusion", 9), ("Mass", 5), ("No Finding", 20)]);
    assert_eq!((found.of(28), found.of(30), found.of(0)), (&[0, 1][..], &[0, 1][..], &[2][..])); // in either order
    assert!(found.single().is_none());
    assert_eq!(found.starts.len(), found.len() + 1);
    // siblings: other signs, also of several labels in the first row, and of a file parted by pipes
    for text in [
        "id,label\na,x;y\nb,x\nc,y\n",
        "id,label\na,\"x, y\"\nb,x\nc,y\n",
        "id|label\na|x;y\nb|x\nc|y\n",
        "id,tags,label\na,1,x y\nb,2,x\nc,3,y\n",
    ] {
        let found = labels(&sheet(text));
        assert_eq!((found.classes.as_slice(), found.of(0)), (&["x".to_owned(), "y".into()][..], &[0, 1][..]), "{text}");
    }
}

#[test]
fn one_hot_columns_are_read_as_labels() {
    let found = labels(&field("isic.csv"));
    assert_eq!(found.kind, Kind::OneHot(vec![1, 2, 3]));
    assert_eq!(counted(&found), [("MEL", 4), ("NV", 20), ("BCC", 6)]);
    assert_eq!(found.single().unwrap().len(), 30);
    // siblings: integers and booleans, other columns beside, an unused class, rows without any
    let found = labels(&sheet("image;age;MEL;NV;UNK\na;50;1;0;0\nb;60;0;1;0\nc;55;0;1;0\n"));
    assert_eq!((found.kind.clone(), found.counts()), (Kind::OneHot(vec![2, 3, 4]), vec![1, 2, 0]));
    let found = labels(&sheet("image,smoker,x,MEL,NV\na,1,z,True,False\nb,1,z,False,True\n"));
    assert_eq!(found.kind, Kind::OneHot(vec![3, 4]));
    let columns = ["MEL".to_owned(), "3".into()];
    let table = sheet("image,MEL,NV\na,1,0\nb,1,1\nc,0,0\nd,-1,0\n");
    let found = Labels::read(&table, wanted(None, &columns)).unwrap();
    assert_eq!(found.kind, Kind::MultiHot(vec![1, 2]));
    assert_eq!((found.of(1), found.of(2), found.unknown.as_slice()), (&[0, 1][..], &[][..], &[0][..]));
    // columns of ones and zeros that do not exclude each other are named, not guessed at
    let table = sheet("image,MEL,NV\na,1,0\nb,1,1\nc,0,0\n");
    let error = Labels::read(&table, wanted(None, &[])).unwrap_err().to_string();
    assert!(error.contains("1 `image`, 2 `MEL`, 3 `NV`") && error.contains("--one-hot \"MEL,NV\""), "{error}");
    let error = Labels::read(&sheet("image,MEL,NV\na,1,0\nb,7,1\n"), wanted(None, &columns)).unwrap_err().to_string();
    assert!(error.contains("row 3, column 2 (`MEL`): found `7`"), "{error}");
}

/// The remedy that an error gives reads all of the columns, however many there are and whatever they are called.
#[test]
fn any_number_of_one_hot_columns_can_be_named() {
    let table = |names: &[String]| {
        let (ones, zeros) = (vec!["1"; names.len()].join(","), vec!["0"; names.len()].join(","));
        let first = format!("1{}", ",0".repeat(names.len() - 1));
        sheet(&format!("image,{},view\na,{ones},AP\nb,{zeros},PA\nc,{first},PA\n", names.join(",")))
    };
    let findings = |count: usize| (1..=count).map(|i| format!("finding {i}")).collect::<Vec<_>>();
    for (names, option) in [
        (findings(14), findings(14).join(",")),
        (findings(30), "2-31".to_owned()),
        (vec!["\"mass, left\"".into(), "nodule".into()], "2-3".into()),
        (vec!["mass".into(), "Mass".into(), "nodule".into()], "mass,Mass,nodule".into()),
    ] {
        let table = table(&names);
        let error = Labels::read(&table, wanted(None, &[])).unwrap_err().to_string();
        assert!(error.contains(&format!("--one-hot \"{option}\"")), "{error}");
        let columns: Vec<String> = option.split(',').map(str::to_owned).collect(); // as the command line does
        let found = Labels::read(&table, wanted(None, &columns)).unwrap();
        assert_eq!(found.kind, Kind::MultiHot((1..=names.len()).collect()));
        assert_eq!(found.starts, [0, names.len(), names.len(), names.len() + 1]);
    }
    let table = table(&findings(30));
    let read = |column: &str| Labels::read(&table, wanted(None, &[column.to_owned()]));
    assert_eq!(read("Finding_3").unwrap().classes, ["finding 3"]);
    assert_eq!(read("4 - 5").unwrap().classes, ["finding 3", "finding 4"]);
    // a column of that very name is meant, and not one whose name looks like it
    let like = sheet("image,24,a,2-3\nx,1,1,0\ny,1,0,1\nz,1,0,0\n");
    let read_like = |column: &str| Labels::read(&like, wanted(None, &[column.to_owned()])).unwrap().classes;
    assert_eq!(read_like("2-4"), ["24", "a", "2-3"]);
    assert_eq!(read_like("2-3"), ["2-3"]);
    for wrong in ["5-4", "0-3", "30-40", "a-b", "-"] {
        let error = read(wrong).unwrap_err().to_string();
        assert!(error.contains(&format!("`{wrong}`")) && error.contains("20 `finding 19` and 12 more"), "{error}");
    }
}

#[test]
fn cells_with_dicts_and_vectors_are_read_as_several_labels() {
    // PTB-XL's statements, with their likelihoods
    let ecg = "ecg_id,scp_codes\n1,\"{'NORM': 100.0, 'SR': 0.0}\"\n2,{'IMI': 15.0}\n3,{}\n";
    let found = Labels::read(&sheet(ecg), wanted(Some("scp_codes"), &[])).unwrap();
    assert_eq!(counted(&found), [("IMI", 1), ("NORM", 1), ("SR", 1)]);
    assert_eq!((found.of(0), found.of(1), found.of(2)), (&[1, 2][..], &[0][..], &[][..]));
    assert!(found.warnings[0].contains("each name counts as a label, whatever its value"), "{:?}", found.warnings);
    // a class that no sample has keeps its number
    let found = labels(&sheet("id,label\na,\"[0, 1, 0, 0]\"\nb,\"[1, 0, 0, 1]\"\n"));
    assert_eq!(counted(&found), [("0", 1), ("1", 1), ("2", 0), ("3", 1)]);
    assert!(found.warnings[0].contains("a 1 or a 0 for each of 4 classes"), "{:?}", found.warnings);
}

#[test]
fn lists_that_are_all_empty_have_no_label() {
    for cell in ["[]", "{}"] {
        let table = sheet(&format!("id,label\na,{cell}\nb,{cell}\n"));
        let error = Labels::read(&table, wanted(None, &[])).unwrap_err().to_string();
        assert!(error.contains(&format!("none of the 2 rows has a label (`{cell}`)")), "{error}");
    }
}

#[test]
fn columns_that_may_be_unknown_are_named_where_no_column_is_found() {
    let table = sheet("subject_id,Age,No Finding,Edema\n1,50,1.0,\n1,51,,-1.0\n2,52,0.0,1.0\n");
    let error = Labels::read(&table, wanted(None, &[])).unwrap_err().to_string();
    assert!(error.contains("--one-hot \"No Finding,Edema\""), "{error}");
    let found = Labels::read(&table, wanted(None, &["No Finding".into(), "Edema".into()])).unwrap();
    assert_eq!((counted(&found), found.unknown.len()), (vec![("No Finding", 1), ("Edema", 1)], 3));
}

#[test]
fn rows_with_a_hash_before_the_table_are_comments_or_its_header() {
    // cBioPortal, the GDC, VCF, one header with a hash, and comments over rows without a header
    for (text, note, names) in [
        ("#Patient\tSubtype\n#STRING\tSTRING\n#1\t1\nPATIENT_ID\tSUBTYPE\nP1\tA\nP2\tB\n", "rows 1 to 3", "PATIENT_ID"),
        ("#version 2.4\nGene\tSize\nA\t1\nB\t2\n", "row 1 begins", "Gene"),
        ("##a=b\n##c\n#CHROM\tPOS\n1\t5\n2\t6\n", "rows 1 to 2", "#CHROM"),
        ("#SampleID,label\nP1,A\nP2,B\n", "", "#SampleID"),
        ("#Subject,Kind\nTCGA-1,A\nP2,B\n", "", "#Subject"), // the first sample is written in another way
        ("# made today\nkind,site\nA,x\nB,y\n", "row 1 begins", "kind"),
    ] {
        let table = sheet(text);
        assert_eq!((table.names().unwrap()[0].as_str(), table.len()), (names, 2), "{text}");
        assert_eq!(table.number(1), text.lines().count(), "{text}");
        let said = table.notes().iter().any(|said| said.contains("begin"));
        assert_eq!(said, !note.is_empty());
        assert!(table.notes().iter().all(|said| said.starts_with(note)), "{:?}", table.notes());
        table.check().unwrap();
    }
    let headerless = Sheet::parse(
        b"# from the lab\n# twice\nP1,A\nP2,B\n",
        Path::new("a.csv"),
        Options { header: HeaderOption::Absent, ..Options::default() },
    );
    assert_eq!(headerless.unwrap().len(), 2);
    // a file of such rows alone is a table
    assert!(sheet("#1,a\n#2,b\n").notes().is_empty());
}
