#!/usr/bin/env bash
# Prints the options of a program from its source, without building it. usage: options.sh FILE.rs
set -euo pipefail
awk '
    /^struct Arguments/ { inside = 1; next }
    inside && /^}/ { exit }
    inside && /^ *\/\/\/ / { sub(/^ *\/\/\/ /, ""); text = text (text == "" ? "" : " ") $0; next }
    inside && /default_value/ {
        match($0, /default_value(_t)? = [^,)]*/)
        value = substr($0, RSTART, RLENGTH)
        sub(/default_value(_t)? = /, "", value)
        gsub(/"/, "", value)
        if (value ~ /::/) value = "the one of the paper"
        next
    }
    inside && /^    [a-z_]+:/ {
        name = $1
        sub(/:.*/, "", name)
        gsub(/_/, "-", name)
        printf "  --%-12s %s%s\n", name, text, value == "" ? "" : " [default: " value "]"
        text = value = ""
    }
' "$1"
