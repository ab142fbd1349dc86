//! PROTOCOL.md and the dissector cannot rot: their tables and worked examples are what the code says. `UPDATE_GOLDEN=1` writes them anew.

use core::fmt::Write as _;
use std::path::Path;

use super::control::{Kind, NackReason, Opcode, Refusal, Tlv, TlvDoc, Value, ValueDoc};
use super::stream::HEADER_LEN;
use super::{examples, format_code};
use crate::wall::WireFormat;
use crate::wire::ethernet::{HEADER_LEN as ETHERNET_HEADER_LEN, WIRE_OVERHEAD_LEN};

#[test]
fn tables_and_examples_of_the_specification_are_the_codes_own() {
    check(&Path::new(env!("CARGO_MANIFEST_DIR")).join("PROTOCOL.md"), ("<!-- ", " -->"));
}

#[test]
fn tables_of_the_dissector_are_the_codes_own() {
    check(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/wireshark/ocp809.lua"), ("-- ", ""));
}

/// Compares a file with itself after all its blocks were made anew.
fn check(path: &Path, marks: (&str, &str)) {
    let written = std::fs::read_to_string(path).expect("the file is UTF-8");
    let wanted = with_blocks(&written, marks);
    if written != wanted && std::env::var_os("UPDATE_GOLDEN").is_some_and(|v| v == "1") {
        std::fs::write(path, &wanted).expect("the file is written");
        return;
    }
    for (number, (is, should)) in written.lines().zip(wanted.lines()).enumerate() {
        assert_eq!(is, should, "{} line {}; UPDATE_GOLDEN=1 writes it anew", path.display(), number + 1);
    }
    assert_eq!(written.len(), wanted.len(), "{} ends early", path.display());
}

#[test]
fn the_specification_names_every_constant_of_time() {
    use super::*;
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("PROTOCOL.md")).expect("PROTOCOL.md");
    let rows = [
        ("idle LATCH | every 20 ms", IDLE_LATCH_PERIOD_NS, 20_000_000),
        ("of a LATCH | at least 1 us", LATCH_COPY_GAP_NS, 1_000),
        ("standby takes over | 100 ms", MAC_SLOT_TIMEOUT_NS, 100_000_000),
        ("frame_id forgotten | 500 ms", FRAME_ID_MEMORY_NS, 500_000_000),
        ("ahead at most | 1 s", PRESENT_AHEAD_MAX_NS, 1_000_000_000),
        ("after a bad packet | 1 s", STORE_AND_FORWARD_NS, 1_000_000_000),
        ("no master | 2 s", MASTER_TIMEOUT_NS, 2_000_000_000),
        ("after TIME | 2 s", TIME_VALID_NS, 2_000_000_000),
    ];
    for (row, code, written) in rows {
        assert!(text.contains(row) && code == written, "{row}: {code} ns");
    }
}

/// The document with every block made anew: what stands between the marks "generated: NAME" or "example: NAME" and "end".
fn with_blocks(document: &str, (open, close): (&str, &str)) -> String {
    let end = format!("{open}end{close}");
    let mut out = String::new();
    let mut lines = document.lines();
    while let Some(line) = lines.next() {
        out.push_str(line);
        out.push('\n');
        let mark = line.strip_prefix(open).and_then(|l| l.strip_suffix(close));
        let block = match mark.and_then(|m| m.split_once(": ")) {
            Some(("generated", name)) => table(name),
            Some(("example", name)) => example(name),
            _ => continue,
        };
        out.push_str(&block);
        lines.by_ref().find(|line| *line == end).expect("every mark has its end");
        out.push_str(&end);
        out.push('\n');
    }
    out
}

fn table(name: &str) -> String {
    match name {
        "opcodes" => opcodes(),
        "tlvs" => Tlv::docs().iter().map(tlv).collect(),
        "reasons" => reasons(),
        "efficiency" => efficiency(),
        "codes" => lua_codes(),
        other => panic!("unknown table {other}"),
    }
}

/// A frame in rows of 16 bytes, and what it says.
fn example(name: &str) -> String {
    let all = examples::all();
    let example = all.iter().find(|e| e.name == name).unwrap_or_else(|| panic!("no example {name}"));
    let mut out = "```text\n".to_owned();
    for (row, bytes) in example.frame.chunks(16).enumerate() {
        let hex: Vec<String> = bytes.iter().map(|b| format!("{b:02x}")).collect();
        writeln!(out, "{:04x}  {}", row * 16, hex.join(" ")).expect("a string takes it");
    }
    out + "```\n"
}

fn opcodes() -> String {
    const BODIES: [(Opcode, &str, &str); 16] = [
        (Opcode::Discover, "(PADDING)", "IDENTITY MODEL HARDWARE PROTOCOL CAPABILITIES CONFIGURATION_HASH (MASTER) (PADDING)"),
        (Opcode::AssignId, "ASSIGNMENT", "IDENTITY"),
        (Opcode::Get, "(WANTED)", "settings CONFIGURATION_HASH"),
        (Opcode::Set, "(APPLY_AT) settings", "CONFIGURATION_HASH (IGNORED)"),
        (Opcode::Save, "", ""),
        (Opcode::CalBegin, "UPLOAD", "UPLOAD_ID"),
        (Opcode::CalChunk, "(CHUNK_DATA)", "UPLOAD_WINDOW"),
        (Opcode::CalCommit, "UPLOAD_ID", "BANK_SELECT BANK .."),
        (Opcode::Stats, "", "FRAMES LINK .. TIMING HEALTH (MODULES) (MASTER) (LATCH_COUNTER)"),
        (Opcode::Identify, "IDENTIFY", ""),
        (Opcode::Reboot, "REBOOT", ""),
        (Opcode::Firmware, "reserved", ""),
        (Opcode::Time, "TIME", "never answered"),
        (Opcode::Key, "KEY", "KEY_INSTALLED"),
        (Opcode::CalBank, "BANK_SELECT", "BANK_SELECT BANK .."),
        (Opcode::Refused, "event: MASTER", ""),
    ];
    let mut out = "| opcode | name | MUTATING | AUTH | request | response |\n|---|---|---|---|---|---|\n".to_owned();
    for (opcode, (named, request, response)) in Opcode::ALL.into_iter().zip(BODIES) {
        assert_eq!(opcode, named, "the table is complete and in order");
        let mutating = if opcode.is_mutating() { "yes" } else { "" };
        let auth = if opcode.needs_auth() { "always" } else { "" };
        writeln!(out, "| 0x{:02x} | {opcode} | {mutating} | {auth} | {request} | {response} |", opcode.code()).expect("a string");
    }
    out
}

fn tlv(doc: &TlvDoc) -> String {
    let mut out = format!(
        "\n**0x{:04x} {}.**{}\n\n| offset | bytes | type | field | |\n|---|---|---|---|---|\n",
        doc.kind, doc.name, doc.about
    );
    let mut offset = 0;
    for field in doc.fields {
        let len = if field.len == 0 { "..".to_owned() } else { field.len.to_string() };
        let values: Vec<String> = field.values.iter().map(|v| value(v, field.wire)).collect();
        let values = if values.is_empty() { String::new() } else { format!(" {}", values.join(" ")) };
        writeln!(out, "| {offset} | {len} | {} | {} |{}{values} |", field.wire, field.name, field.about).expect("a string");
        offset += field.len;
    }
    out
}

fn value(value: &ValueDoc, wire: &str) -> String {
    let code = if wire == "u8" { value.code.to_string() } else { format!("{:#x}", value.code) };
    format!("**{code}** {}:{}", value.name, value.about)
}

fn reasons() -> String {
    let mut out = "| code | reason | | numbers |\n|---|---|---|---|\n".to_owned();
    for doc in NackReason::DOCS {
        let numbers: Vec<String> = doc.fields.iter().map(|f| format!("{} ({}):{}", f.name, f.wire, f.about)).collect();
        writeln!(out, "| {} | {} |{} | {} |", doc.kind, doc.name, doc.about, numbers.join(" ")).expect("a string");
    }
    out
}

/// Pixels per packet, packets per second and pixels per port, from the sizes of headers alone.
fn efficiency() -> String {
    const GIGABIT: u64 = 125_000_000;
    let mut out = "| format | MTU | pixels per packet | bytes on the cable | efficiency | packets per second | pixels per port | usable |\n\
                   |---|---|---|---|---|---|---|---|\n"
        .to_owned();
    let rows = [1_500_u32, 9_000].into_iter().flat_map(|mtu| WireFormat::ALL.map(|format| (mtu, format)));
    for (mtu, format) in rows {
        assert!(format_code(format) < 15, "a format of this version");
        let pixels = format.pixels_in(mtu - u32::try_from(HEADER_LEN).expect("18"));
        let payload = u64::from(format.payload_bytes(pixels));
        let overhead = (WIRE_OVERHEAD_LEN + ETHERNET_HEADER_LEN) as u64;
        let wire = payload + HEADER_LEN as u64 + overhead;
        let limit = GIGABIT * u64::from(pixels) / (wire * 60);
        // Two LATCH of 84 bytes per frame, and 1 % of the link for control.
        let usable = (GIGABIT * 99 / 100 / 60 - 2 * 84) * u64::from(pixels) / wire;
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let efficiency = 100.0 * payload as f64 / wire as f64;
        let name = format!("RGB{}", format.bits());
        writeln!(out, "| {name} | {mtu} | {pixels} | {wire} | {efficiency:.1} % | {} | {limit} | {usable} |", GIGABIT / wire)
            .expect("a string");
    }
    out
}

/// Kinds, opcodes, TLVs and reasons as Lua tables: `fields` are { name, type, bytes, names of its values }.
fn lua_codes() -> String {
    let mut out = "local KINDS = { ".to_owned();
    for kind in Kind::ALL {
        write!(out, "[{}] = \"{kind}\", ", kind.code()).expect("a string");
    }
    out += "}\nlocal OPCODES = {\n";
    for opcode in Opcode::ALL {
        writeln!(out, "    [0x{:02x}] = \"{opcode}\",", opcode.code()).expect("a string");
    }
    let (chunk, reason) = (Opcode::CalChunk.code(), <Refusal as Value>::DOC.kind);
    writeln!(out, "}}\nlocal CAL_CHUNK = 0x{chunk:02x}\nlocal REASON_TLV = 0x{reason:04x}").expect("a string");
    out += "local TLVS = {\n";
    out.extend(Tlv::docs().iter().map(lua_layout));
    out += "}\nlocal REASONS = {\n";
    out.extend(NackReason::DOCS.iter().map(lua_layout));
    out += "}\nlocal REASON_NAMES = {}\nfor code, reason in pairs(REASONS) do\n    REASON_NAMES[code] = reason.name\nend\n";
    out
}

fn lua_layout(doc: &TlvDoc) -> String {
    let mut out = format!("    [0x{:04x}] = {{\n        name = \"{}\",\n        fields = {{\n", doc.kind, doc.name);
    for field in doc.fields {
        write!(out, "            {{ \"{}\", \"{}\", {}", field.name, field.wire, field.len).expect("a string");
        let names: Vec<String> = field.values.iter().map(|v| format!("[{}] = \"{}\"", v.code, v.name)).collect();
        if field.wire == "u8" && !names.is_empty() {
            write!(out, ", {{ {} }}", names.join(", ")).expect("a string");
        }
        out += " },\n";
    }
    out + "        },\n    },\n"
}
