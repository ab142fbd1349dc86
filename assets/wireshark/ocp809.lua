-- Wireshark dissector of the OCP-809 wire protocol (Ethernet types 0x88B5 stream, 0x88B6 control) and of Colorlight
-- receiver cards in network-card mode.
--
-- Use: copy this file into Wireshark's personal Lua plugin folder (Help > About > Folders), or
--      tshark -X lua_script:ocp809.lua -r capture.pcapng
-- Filters: ocp809, ocp809.frame_id == 7, ocp809.crc.status == 0, ocp809.opcode == 4, ocp809.scan.phases, colorlight.row ..
--
-- The tables between "-- generated" and "-- end" are written from the protocol's declarations by a test.

local bxor, band, rshift = bit.bxor, bit.band, bit.rshift

-- ---------------------------------------------------------------------------------------------------------------- tables

-- generated: codes
local KINDS = { [0] = "request", [1] = "response", [2] = "nack", [3] = "event", }
local OPCODES = {
    [0x01] = "DISCOVER",
    [0x02] = "ASSIGN_ID",
    [0x03] = "GET",
    [0x04] = "SET",
    [0x05] = "SAVE",
    [0x06] = "CAL_BEGIN",
    [0x07] = "CAL_CHUNK",
    [0x08] = "CAL_COMMIT",
    [0x09] = "STATS",
    [0x0a] = "IDENTIFY",
    [0x0b] = "REBOOT",
    [0x0c] = "FIRMWARE",
    [0x0d] = "TIME",
    [0x0e] = "KEY",
    [0x0f] = "CAL_BANK",
    [0x10] = "REFUSED",
}
local CAL_CHUNK = 0x07
local REASON_TLV = 0x0006
local TLVS = {
    [0x0001] = {
        name = "PADDING",
        fields = {
            { "zeros", "bytes to the end", 0 },
        },
    },
    [0x0002] = {
        name = "WANTED",
        fields = {
            { "kinds", "list of u16", 0 },
        },
    },
    [0x0003] = {
        name = "APPLY_AT",
        fields = {
            { "frame_id", "u16", 2 },
        },
    },
    [0x0004] = {
        name = "IGNORED",
        fields = {
            { "kinds", "list of u16", 0 },
        },
    },
    [0x0005] = {
        name = "CONFIGURATION_HASH",
        fields = {
            { "hash", "bytes", 8 },
        },
    },
    [0x0006] = {
        name = "REASON",
        fields = {
            { "reason", "u8", 1 },
            { "numbers", "by reason", 0 },
        },
    },
    [0x0101] = {
        name = "GEOMETRY",
        fields = {
            { "width", "u16", 2 },
            { "height", "u16", 2 },
        },
    },
    [0x0102] = {
        name = "MODULE_MAP",
        fields = {
            { "modules", "list of module", 0 },
        },
    },
    [0x0103] = {
        name = "ADDRESSING",
        fields = {
            { "mode", "u8", 1, { [0] = "id", [1] = "canvas" } },
            { "canvas_width", "u16", 2 },
            { "canvas_height", "u16", 2 },
            { "x", "u16", 2 },
            { "y", "u16", 2 },
            { "width", "u16", 2 },
            { "height", "u16", 2 },
        },
    },
    [0x0104] = {
        name = "SCAN",
        fields = {
            { "phases", "u16", 2 },
        },
    },
    [0x0105] = {
        name = "REFRESH",
        fields = {
            { "refresh_mhz", "u32", 4 },
        },
    },
    [0x0106] = {
        name = "GRAY_BITS",
        fields = {
            { "bits", "u8", 1 },
        },
    },
    [0x0107] = {
        name = "DATA_CLOCK",
        fields = {
            { "dclk_khz", "u32", 4 },
        },
    },
    [0x0108] = {
        name = "DRIVER",
        fields = {
            { "chip", "text to the end", 0 },
        },
    },
    [0x0109] = {
        name = "BLANKING",
        fields = {
            { "blanking_ns", "u32", 4 },
        },
    },
    [0x010a] = {
        name = "LOW_GRAY",
        fields = {
            { "knee", "u16", 2 },
            { "gains", "3 x u16", 6 },
        },
    },
    [0x010b] = {
        name = "DRIVER_REGISTERS",
        fields = {
            { "registers", "bytes to the end", 0 },
        },
    },
    [0x010c] = {
        name = "LINK_TRANSFER",
        fields = {
            { "law", "u8", 1, { [0] = "linear", [1] = "power", [2] = "srgb", [3] = "table" } },
            { "gamma_milli", "u16", 2 },
            { "table", "list of u16", 0 },
        },
    },
    [0x010d] = {
        name = "BRIGHTNESS_LIMIT",
        fields = {
            { "limit", "u16", 2 },
        },
    },
    [0x010e] = {
        name = "ON_SILENCE",
        fields = {
            { "action", "u8", 1, { [0] = "hold", [1] = "black", [2] = "pattern" } },
            { "pattern", "u8", 1 },
            { "after_ms", "u32", 4 },
        },
    },
    [0x010f] = {
        name = "LOCKED",
        fields = {
            { "locked", "bool", 1 },
        },
    },
    [0x0201] = {
        name = "IDENTITY",
        fields = {
            { "serial", "serial", 16 },
            { "boot_count", "u32", 4 },
        },
    },
    [0x0202] = {
        name = "MODEL",
        fields = {
            { "name", "text to the end", 0 },
        },
    },
    [0x0203] = {
        name = "HARDWARE",
        fields = {
            { "board_major", "u8", 1 },
            { "board_minor", "u8", 1 },
            { "firmware_major", "u8", 1 },
            { "firmware_minor", "u8", 1 },
            { "firmware_patch", "u16", 2 },
        },
    },
    [0x0204] = {
        name = "PROTOCOL",
        fields = {
            { "lowest", "u8", 1 },
            { "highest", "u8", 1 },
        },
    },
    [0x0205] = {
        name = "CAPABILITIES",
        fields = {
            { "features", "u32", 4 },
            { "mtu", "u16", 2 },
            { "formats", "u16", 2 },
            { "buffers", "u8", 1 },
            { "guard_ns", "u32", 4 },
            { "residence_ns", "u32", 4 },
            { "max_pixels", "u32", 4 },
        },
    },
    [0x0206] = {
        name = "MASTER",
        fields = {
            { "epoch", "epoch", 4 },
            { "age_ms", "u32", 4 },
            { "macs", "list of MAC", 0 },
        },
    },
    [0x0207] = {
        name = "ASSIGNMENT",
        fields = {
            { "card_id", "u16", 2 },
            { "path_delay_ns", "u32", 4 },
        },
    },
    [0x0301] = {
        name = "IDENTIFY",
        fields = {
            { "mode", "u8", 1, { [0] = "off", [1] = "number", [2] = "blink" } },
            { "duration_ms", "u32", 4 },
        },
    },
    [0x0302] = {
        name = "REBOOT",
        fields = {
            { "delay_ms", "u32", 4 },
        },
    },
    [0x0303] = {
        name = "TIME",
        fields = {
            { "previous_departure", "u64", 8 },
            { "previous_transaction", "u32", 4 },
        },
    },
    [0x0304] = {
        name = "KEY",
        fields = {
            { "new_key_id", "u16", 2 },
            { "masked_key", "bytes", 32 },
        },
    },
    [0x0305] = {
        name = "KEY_INSTALLED",
        fields = {
            { "new_key_id", "u16", 2 },
        },
    },
    [0x0401] = {
        name = "FRAMES",
        fields = {
            { "last_frame_id", "u16", 2 },
            { "shown", "u32", 4 },
            { "held", "u32", 4 },
            { "frozen", "u32", 4 },
            { "late", "u32", 4 },
            { "clock", "u32", 4 },
            { "overrun", "u32", 4 },
            { "range", "u32", 4 },
            { "missing", "u32", 4 },
        },
    },
    [0x0402] = {
        name = "LINK",
        fields = {
            { "port", "u8", 1, { [0] = "A", [1] = "B" } },
            { "state", "u8", 1, { [0] = "down", [1] = "up", [2] = "fed" } },
            { "rate_mbit", "u32", 4 },
            { "received", "u32", 4 },
            { "lost", "u32", 4 },
            { "repaired", "u32", 4 },
            { "frames_missed", "u32", 4 },
            { "bad_crc", "u32", 4 },
            { "bad_fcs", "u32", 4 },
            { "duplicates", "u32", 4 },
            { "short", "u32", 4 },
        },
    },
    [0x0403] = {
        name = "TIMING",
        fields = {
            { "error_mean_ns", "u32", 4 },
            { "error_max_ns", "u32", 4 },
            { "synced", "bool", 1 },
            { "free_buffers", "u8", 1 },
        },
    },
    [0x0404] = {
        name = "HEALTH",
        fields = {
            { "temperature_decidegrees", "i16", 2 },
            { "supply_mv", "u16", 2 },
            { "uptime_s", "u32", 4 },
        },
    },
    [0x0405] = {
        name = "MODULES",
        fields = {
            { "count", "u16", 2 },
            { "present", "bytes to the end", 0 },
        },
    },
    [0x0406] = {
        name = "LATCH_COUNTER",
        fields = {
            { "highest", "u64", 8 },
        },
    },
    [0x0501] = {
        name = "UPLOAD",
        fields = {
            { "module", "u16", 2 },
            { "kind", "u8", 1, { [0] = "none", [1] = "matrix", [2] = "gains", [3] = "low-gray" } },
            { "bytes", "u32", 4 },
            { "module_serial", "serial", 16 },
            { "sha256", "bytes", 32 },
        },
    },
    [0x0502] = {
        name = "UPLOAD_ID",
        fields = {
            { "upload_id", "u32", 4 },
        },
    },
    [0x0503] = {
        name = "CHUNK_DATA",
        fields = {
            { "data", "bytes to the end", 0 },
        },
    },
    [0x0504] = {
        name = "UPLOAD_WINDOW",
        fields = {
            { "base", "u16", 2 },
            { "held", "u32", 4 },
        },
    },
    [0x0505] = {
        name = "BANK_SELECT",
        fields = {
            { "choice", "u8", 1, { [0] = "bypass", [1] = "active", [2] = "previous" } },
        },
    },
    [0x0506] = {
        name = "BANK",
        fields = {
            { "module", "u16", 2 },
            { "active_kind", "u8", 1, { [0] = "none", [1] = "matrix", [2] = "gains", [3] = "low-gray" } },
            { "active_sha256", "bytes", 32 },
            { "previous_kind", "u8", 1, { [0] = "none", [1] = "matrix", [2] = "gains", [3] = "low-gray" } },
            { "previous_sha256", "bytes", 32 },
        },
    },
}
local REASONS = {
    [0x0001] = {
        name = "VERSION",
        fields = {
            { "lowest", "u8", 1 },
            { "highest", "u8", 1 },
        },
    },
    [0x0002] = {
        name = "UNKNOWN_OPCODE",
        fields = {
        },
    },
    [0x0003] = {
        name = "MALFORMED",
        fields = {
            { "tlv", "u16", 2 },
        },
    },
    [0x0004] = {
        name = "BAD_VALUE",
        fields = {
            { "tlv", "u16", 2 },
        },
    },
    [0x0005] = {
        name = "NOT_MASTER",
        fields = {
            { "epoch", "epoch", 4 },
            { "age_ms", "u32", 4 },
        },
    },
    [0x0006] = {
        name = "AUTH_REQUIRED",
        fields = {
        },
    },
    [0x0007] = {
        name = "BAD_AUTH",
        fields = {
        },
    },
    [0x0008] = {
        name = "STALE",
        fields = {
            { "highest", "u64", 8 },
        },
    },
    [0x0009] = {
        name = "BUSY",
        fields = {
            { "retry_ms", "u32", 4 },
        },
    },
    [0x000a] = {
        name = "INCOMPLETE",
        fields = {
            { "first_missing", "u16", 2 },
        },
    },
    [0x000b] = {
        name = "HASH_MISMATCH",
        fields = {
        },
    },
    [0x000c] = {
        name = "NO_UPLOAD",
        fields = {
        },
    },
    [0x000d] = {
        name = "UNSUPPORTED",
        fields = {
        },
    },
    [0x000e] = {
        name = "TOO_LONG",
        fields = {
            { "limit", "u32", 4 },
        },
    },
    [0x000f] = {
        name = "STORAGE",
        fields = {
        },
    },
    [0x0010] = {
        name = "NOT_TO_ALL",
        fields = {
        },
    },
}
local REASON_NAMES = {}
for code, reason in pairs(REASONS) do
    REASON_NAMES[code] = reason.name
end
-- end

local STREAM_TYPES = { [0] = "PIXELS", [1] = "LATCH", [2] = "PARITY" }
local FORMATS = { [0] = "RGB8", [2] = "RGB10", [3] = "RGB12", [4] = "RGB16", [15] = "vendor" }
-- pixels and bytes of a packing group
local GROUPS = { [0] = { 1, 3 }, [2] = { 4, 15 }, [3] = { 2, 9 }, [4] = { 1, 6 } }
local PATTERNS = {
    [0] = "black", "white", "red", "green", "blue", "ramp left to right", "ramp top to bottom", "grid", "checker", "bars",
}
local CRC_STATUS = { [0] = "wrong", [1] = "good" }

-- ------------------------------------------------------------------------------------------------------------- CRC-32C

local crc_table = {}
for n = 0, 255 do
    local c = n
    for _ = 1, 8 do
        c = band(c, 1) == 1 and bxor(rshift(c, 1), 0x82f63b78) or rshift(c, 1)
    end
    crc_table[n] = c
end

-- The CRC of a byte string, as a number from 0 to 2^32 - 1.
local function crc32c(bytes)
    local c = 0xffffffff
    for i = 1, #bytes do
        c = bxor(rshift(c, 8), crc_table[band(bxor(c, bytes:byte(i)), 0xff)])
    end
    return bxor(c, 0xffffffff) % 0x100000000
end

-- -------------------------------------------------------------------------------------------------------------- fields

local ocp809 = Proto("ocp809", "OCP-809 LED wall protocol")
local fields = {}

local function field(make, name, text, ...)
    local made = make("ocp809." .. name, text, ...)
    fields[#fields + 1] = made
    return made
end

local f = {
    version = field(ProtoField.uint8, "version", "Version", base.DEC, nil, 0xf0),
    type = field(ProtoField.uint8, "type", "Type", base.DEC, STREAM_TYPES, 0x0f),
    format = field(ProtoField.uint8, "format", "Format", base.DEC, FORMATS, 0xf0),
    format_low = field(ProtoField.uint8, "format.reserved", "Reserved", base.HEX, nil, 0x0f),
    log2_group = field(ProtoField.uint8, "log2_group", "Group size, log2", base.DEC, nil, 0xf0),
    copy = field(ProtoField.bool, "copy", "Second copy", 8, nil, 0x02),
    auth = field(ProtoField.bool, "auth", "AUTH form", 8, nil, 0x08),
    detail = field(ProtoField.uint8, "detail", "Second byte", base.HEX),
    frame_id = field(ProtoField.uint16, "frame_id", "Frame id"),
    seq = field(ProtoField.uint16, "seq", "Packet in the frame"),
    target = field(ProtoField.uint16, "target", "Target"),
    offset = field(ProtoField.uint32, "offset", "First pixel"),
    n = field(ProtoField.uint16, "n", "Count"),
    crc = field(ProtoField.uint32, "crc", "CRC-32C", base.HEX),
    crc_status = field(ProtoField.uint8, "crc.status", "CRC status", base.DEC, CRC_STATUS),
    pixels = field(ProtoField.bytes, "pixels", "Pixels"),
    parity = field(ProtoField.bytes, "parity", "XOR of the group"),
    payload = field(ProtoField.bytes, "payload", "Payload"),
    present_at = field(ProtoField.uint64, "latch.present_at", "Present at (TAI ns)"),
    term = field(ProtoField.uint16, "latch.term", "Epoch term"),
    instance = field(ProtoField.uint16, "latch.instance", "Epoch instance", base.HEX),
    brightness = field(ProtoField.uint16, "latch.brightness", "Brightness"),
    gain_red = field(ProtoField.uint16, "latch.gain.red", "Gain red"),
    gain_green = field(ProtoField.uint16, "latch.gain.green", "Gain green"),
    gain_blue = field(ProtoField.uint16, "latch.gain.blue", "Gain blue"),
    refreshes = field(ProtoField.uint16, "latch.refreshes", "Refreshes per frame"),
    pattern = field(ProtoField.uint8, "latch.pattern", "Test pattern", base.DEC, PATTERNS),
    black_out = field(ProtoField.bool, "latch.black_out", "Black out", 8, nil, 0x01),
    freeze = field(ProtoField.bool, "latch.freeze", "Freeze", 8, nil, 0x02),
    identify = field(ProtoField.bool, "latch.identify", "Identify", 8, nil, 0x04),
    test_pattern = field(ProtoField.bool, "latch.test_pattern", "Show test pattern", 8, nil, 0x08),
    sent_at = field(ProtoField.uint32, "latch.sent_at", "Sent at (TAI ns mod 2^32)"),
    kind = field(ProtoField.uint8, "kind", "Kind", base.DEC, KINDS, 0x0f),
    opcode = field(ProtoField.uint8, "opcode", "Opcode", base.HEX, OPCODES),
    control_auth = field(ProtoField.bool, "control.auth", "AUTH", 8, nil, 0x01),
    mutating = field(ProtoField.bool, "mutating", "MUTATING", 8, nil, 0x02),
    hop = field(ProtoField.uint8, "hop", "Hops left"),
    card_id = field(ProtoField.uint16, "card_id", "Card id"),
    body_len = field(ProtoField.uint16, "body_len", "Bytes of the body"),
    transaction = field(ProtoField.uint32, "transaction", "Transaction", base.HEX),
    counter = field(ProtoField.uint64, "counter", "Counter"),
    chunk = field(ProtoField.uint16, "chunk", "Chunk"),
    chunks = field(ProtoField.uint16, "chunks", "Chunks"),
    key_id = field(ProtoField.uint16, "key_id", "Key id"),
    piece = field(ProtoField.bytes, "piece", "Piece of a body"),
    tlv_type = field(ProtoField.uint16, "tlv.type", "Type", base.HEX),
    tlv_length = field(ProtoField.uint16, "tlv.length", "Length"),
    tlv_unknown = field(ProtoField.bytes, "tlv.unknown", "Value of an unknown type"),
    tlv_appended = field(ProtoField.bytes, "tlv.appended", "Appended by a later version"),
    hmac = field(ProtoField.bytes, "hmac", "HMAC (not verified: the key is not known here)"),
    padding = field(ProtoField.bytes, "padding", "Padding"),
}

local e = {
    crc = ProtoExpert.new("ocp809.crc.wrong", "CRC-32C is wrong", expert.group.CHECKSUM, expert.severity.ERROR),
    short = ProtoExpert.new("ocp809.short", "Packet is shorter than its header says", expert.group.MALFORMED, expert.severity.ERROR),
    version = ProtoExpert.new("ocp809.version.unknown", "Unknown version", expert.group.PROTOCOL, expert.severity.WARN),
    format = ProtoExpert.new("ocp809.format.unknown", "Unknown format", expert.group.PROTOCOL, expert.severity.WARN),
    tlv = ProtoExpert.new("ocp809.tlv.short", "TLV is shorter than its layout", expert.group.MALFORMED, expert.severity.ERROR),
    opcode = ProtoExpert.new("ocp809.opcode.unknown", "Unknown opcode", expert.group.PROTOCOL, expert.severity.WARN),
}

-- How a wire type becomes a field: maker, base (or nil), bytes.
local MAKERS = {
    u8 = { ProtoField.uint8, base.DEC },
    u16 = { ProtoField.uint16, base.DEC },
    u32 = { ProtoField.uint32, base.DEC },
    u64 = { ProtoField.uint64, base.DEC },
    i16 = { ProtoField.int16, base.DEC },
    i32 = { ProtoField.int32, base.DEC },
    epoch = { ProtoField.uint32, base.HEX },
    bool = { ProtoField.uint8, base.DEC },
    MAC = { ProtoField.ether },
    serial = { ProtoField.string },
    ["text to the end"] = { ProtoField.string },
    ["3 x u16"] = { ProtoField.uint16, base.DEC },
    ["list of u16"] = { ProtoField.uint16, base.HEX },
    ["list of MAC"] = { ProtoField.ether },
}
-- What repeats inside a value, and its bytes.
local ELEMENTS = { ["3 x u16"] = 2, ["list of u16"] = 2, ["list of MAC"] = 6 }
local MODULE = { "width", "height", "x", "y", "orientation" }

-- Makes the fields of one layout; `prefix` is the filter name in front of theirs.
local function make_layout(prefix, layout)
    for _, item in ipairs(layout.fields) do
        local name, wire, values = prefix .. "." .. item[1], item[2], item[4]
        local text = item[1]:gsub("_", " ")
        local maker = MAKERS[wire]
        if wire == "list of module" then
            item.parts = {}
            for _, part in ipairs(MODULE) do
                local kind = part == "orientation" and ProtoField.uint8 or ProtoField.uint16
                item.parts[#item.parts + 1] = field(kind, name .. "." .. part, "module " .. part)
            end
        elseif maker and maker[2] then
            item.made = field(maker[1], name, text, maker[2], values)
        elseif maker then
            item.made = field(maker[1], name, text)
        else
            item.made = field(ProtoField.bytes, name, text)
        end
    end
end

for kind, layout in pairs(TLVS) do
    if kind ~= REASON_TLV then
        make_layout(layout.name:lower(), layout)
    end
end
f.reason = field(ProtoField.uint8, "reason.reason", "Reason", base.DEC, REASON_NAMES)
for _, layout in pairs(REASONS) do
    make_layout("reason." .. layout.name:lower(), layout)
end

ocp809.fields = fields
ocp809.experts = { e.crc, e.short, e.version, e.format, e.tlv, e.opcode }

-- -------------------------------------------------------------------------------------------------------------- common

local function add_padding(tree, tvb, used)
    if tvb:len() > used then
        tree:add(f.padding, tvb(used))
    end
end

-- Shows a CRC with its verdict. `covered` is the byte string that it goes over.
local function add_crc(tree, range, covered)
    local carried, computed = range:uint(), crc32c(covered)
    local item = tree:add(f.crc, range)
    local status = tree:add(f.crc_status, range, carried == computed and 1 or 0)
    status:set_generated()
    if carried ~= computed then
        item:append_text(string.format(" (its bytes give 0x%08x)", computed))
        item:add_proto_expert_info(e.crc)
    end
end

-- -------------------------------------------------------------------------------------------------------------- stream

-- Bytes of the payload that a stream header asks for; nil where the format is not known.
local function stream_payload_len(kind, detail, n, rest)
    if kind == 0 then
        local group = GROUPS[rshift(detail, 4)]
        return group and math.ceil(n / group[1]) * group[2]
    elseif kind == 1 then
        return band(detail, 8) ~= 0 and 54 or 28
    elseif kind == 2 then
        return math.max(rest, 28)
    end
    return n
end

local function add_stream_header(tree, tvb, kind)
    tree:add(f.version, tvb(0, 1))
    tree:add(f.type, tvb(0, 1))
    if kind == 0 then
        tree:add(f.format, tvb(1, 1))
        tree:add(f.format_low, tvb(1, 1))
    elseif kind == 1 then
        tree:add(f.copy, tvb(1, 1))
        tree:add(f.auth, tvb(1, 1))
    elseif kind == 2 then
        tree:add(f.log2_group, tvb(1, 1))
        tree:add(f.format_low, tvb(1, 1))
    else
        tree:add(f.detail, tvb(1, 1))
    end
    tree:add(f.frame_id, tvb(2, 2))
    tree:add(f.seq, tvb(4, 2))
    tree:add(f.target, tvb(6, 2))
    tree:add(f.offset, tvb(8, 4))
    tree:add(f.n, tvb(12, 2))
end

local function add_latch(tree, tvb, auth)
    tree:add(f.present_at, tvb(18, 8))
    tree:add(f.term, tvb(26, 2))
    tree:add(f.instance, tvb(28, 2))
    tree:add(f.brightness, tvb(30, 2)):append_text(string.format(" (%.1f %%)", tvb(30, 2):uint() / 655.35))
    for i, gain in ipairs({ f.gain_red, f.gain_green, f.gain_blue }) do
        local range = tvb(30 + 2 * i, 2)
        tree:add(gain, range):append_text(string.format(" (%.4f)", range:uint() / 32768))
    end
    tree:add(f.refreshes, tvb(38, 2))
    tree:add(f.pattern, tvb(40, 1))
    for _, flag in ipairs({ f.black_out, f.freeze, f.identify, f.test_pattern }) do
        tree:add(flag, tvb(41, 1))
    end
    tree:add(f.sent_at, tvb(42, 4))
    if auth then
        tree:add(f.key_id, tvb(46, 2))
        tree:add(f.counter, tvb(48, 8))
        tree:add(f.hmac, tvb(56, 16))
    end
end

local function stream_info(tvb, kind, detail)
    local frame, n = tvb(2, 2):uint(), tvb(12, 2):uint()
    local name = STREAM_TYPES[kind] or string.format("type %d", kind)
    if kind == 0 then
        return string.format("%s %s frame %d seq %d target %d offset %d n %d", name, FORMATS[rshift(detail, 4)] or "?", frame,
            tvb(4, 2):uint(), tvb(6, 2):uint(), tvb(8, 4):uint(), n)
    elseif kind == 1 then
        local copy, auth = band(detail, 2) ~= 0 and " COPY" or "", band(detail, 8) ~= 0 and " AUTH" or ""
        return string.format("%s frame %d packets %d%s%s", name, frame, n, copy, auth)
    end
    return string.format("%s frame %d seq %d", name, frame, tvb(4, 2):uint())
end

local function dissect_stream(tvb, pinfo, root)
    pinfo.cols.protocol = "OCP-809"
    local tree = root:add(ocp809, tvb(), "OCP-809 stream")
    if tvb:len() < 18 then
        tree:add(f.payload, tvb()):add_proto_expert_info(e.short)
        return tvb:len()
    end
    local kind, detail = band(tvb(0, 1):uint(), 15), tvb(1, 1):uint()
    add_stream_header(tree, tvb, kind)
    pinfo.cols.info = stream_info(tvb, kind, detail)
    if rshift(tvb(0, 1):uint(), 4) ~= 1 then
        tree:add_proto_expert_info(e.version)
        return tvb:len()
    end
    local length = stream_payload_len(kind, detail, tvb(12, 2):uint(), tvb:len() - 18)
    if not length or tvb:len() < 18 + length then
        tree:add_proto_expert_info(length and e.short or e.format)
        return tvb:len()
    end
    add_crc(tree, tvb(14, 4), tvb:raw(0, 14) .. tvb:raw(18, length))
    if kind == 1 then
        add_latch(tree, tvb, band(detail, 8) ~= 0)
    elseif length > 0 then
        tree:add(kind == 0 and f.pixels or kind == 2 and f.parity or f.payload, tvb(18, length))
    end
    add_padding(tree, tvb, 18 + length)
    return tvb:len()
end

-- ------------------------------------------------------------------------------------------------------------- control

-- Adds a list of modules: 9 bytes each.
local function add_modules(tree, item, value)
    for at = 0, value:len() - 9, 9 do
        for i, part in ipairs(item.parts) do
            tree:add(part, value(at + 2 * (i - 1), i == 5 and 1 or 2))
        end
    end
end

-- Adds the fields of a layout from `value`; answers the bytes used, or nil when there are too few.
local function add_layout(tree, layout, value)
    local at = 0
    for _, item in ipairs(layout.fields) do
        local length = item[3] > 0 and item[3] or value:len() - at
        if at + length > value:len() then
            return nil
        end
        local element = ELEMENTS[item[2]]
        if length == 0 then
            -- An empty list or text has no bytes to show.
        elseif item.parts then
            add_modules(tree, item, value(at, length))
        elseif element then
            for i = 0, length - element, element do
                tree:add(item.made, value(at + i, element))
            end
        else
            tree:add(item.made, value(at, length))
        end
        at = at + length
    end
    return at
end

local function add_reason(tree, value)
    tree:add(f.reason, value(0, 1))
    local layout = REASONS[value(0, 1):uint()]
    if layout and value:len() > 1 then
        local used = add_layout(tree, layout, value(1))
        return used and used + 1
    end
    return 1
end

local function add_tlv(tree, range, kind)
    local layout = TLVS[kind]
    local name = layout and layout.name or "unknown"
    local branch = tree:add(ocp809, range, string.format("%s (0x%04x)", name, kind))
    branch:add(f.tlv_type, range(0, 2))
    branch:add(f.tlv_length, range(2, 2))
    if range:len() == 4 then
        return
    end
    local value = range(4)
    if not layout then
        branch:add(f.tlv_unknown, value)
        return
    end
    local used = kind == REASON_TLV and add_reason(branch, value) or kind ~= REASON_TLV and add_layout(branch, layout, value)
    if not used then
        branch:add_proto_expert_info(e.tlv)
    elseif used < value:len() then
        branch:add(f.tlv_appended, value(used))
    end
end

local function add_body(tree, body)
    local at = 0
    while at + 4 <= body:len() do
        local length = body(at + 2, 2):uint()
        if at + 4 + length > body:len() then
            break
        end
        add_tlv(tree, body(at, 4 + length), body(at, 2):uint())
        at = at + 4 + length
    end
    if at < body:len() then
        tree:add(f.piece, body(at)):add_proto_expert_info(e.tlv)
    end
end

local function add_control_header(tree, tvb)
    tree:add(f.version, tvb(0, 1))
    tree:add(f.kind, tvb(0, 1))
    tree:add(f.opcode, tvb(1, 1))
    tree:add(f.control_auth, tvb(2, 1))
    tree:add(f.mutating, tvb(2, 1))
    tree:add(f.hop, tvb(3, 1))
    tree:add(f.card_id, tvb(4, 2))
    tree:add(f.body_len, tvb(6, 2))
    tree:add(f.transaction, tvb(8, 4))
    tree:add(f.counter, tvb(12, 8))
    tree:add(f.chunk, tvb(20, 2))
    tree:add(f.chunks, tvb(22, 2))
    tree:add(f.key_id, tvb(24, 2))
end

local function control_info(tvb)
    local kind, opcode = band(tvb(0, 1):uint(), 15), tvb(1, 1):uint()
    local name = OPCODES[opcode] or string.format("opcode 0x%02x", opcode)
    if kind == 3 and opcode == 1 then
        name = "ANNOUNCE"
    end
    return string.format("%s %s card %d transaction 0x%08x", name, KINDS[kind] or kind, tvb(4, 2):uint(), tvb(8, 4):uint())
end

local function dissect_control(tvb, pinfo, root)
    pinfo.cols.protocol = "OCP-809"
    local tree = root:add(ocp809, tvb(), "OCP-809 control")
    if tvb:len() < 26 then
        tree:add(f.payload, tvb()):add_proto_expert_info(e.short)
        return tvb:len()
    end
    add_control_header(tree, tvb)
    pinfo.cols.info = control_info(tvb)
    local auth, length = band(tvb(2, 1):uint(), 1) ~= 0, tvb(6, 2):uint()
    local trailer = auth and 16 or 4
    if tvb:len() < 26 + length + trailer then
        tree:add_proto_expert_info(e.short)
        return tvb:len()
    end
    local opcode = tvb(1, 1):uint()
    if rshift(tvb(0, 1):uint(), 4) ~= 1 then
        tree:add_proto_expert_info(e.version)
    elseif not OPCODES[opcode] then
        tree:add_proto_expert_info(e.opcode)
    end
    if length > 0 and tvb(22, 2):uint() ~= 1 and opcode ~= CAL_CHUNK then
        tree:add(f.piece, tvb(26, length))
    elseif length > 0 then
        add_body(tree, tvb(26, length))
    end
    if auth then
        tree:add(f.hmac, tvb(26 + length, 16))
    else
        add_crc(tree, tvb(26 + length, 4), tvb:raw(0, 3) .. "\0" .. tvb:raw(4, 22 + length))
    end
    add_padding(tree, tvb, 26 + length + trailer)
    return tvb:len()
end

-- One protocol, two Ethernet types: the type says which half it is.
function ocp809.dissector(tvb, pinfo, root)
    local stream = pinfo.match_uint == 0x88b5
    return (stream and dissect_stream or dissect_control)(tvb, pinfo, root)
end

local ethertypes = DissectorTable.get("ethertype")
ethertypes:add(0x88b5, ocp809)
ethertypes:add(0x88b6, ocp809)

-- ---------------------------------------------------------------------------------------------------------- Colorlight

local colorlight = Proto("colorlight", "Colorlight receiver cards")
local COLORLIGHT_TYPES = {
    [0x01] = "sync", [0x07] = "discovery", [0x08] = "discovery reply", [0x0a] = "brightness", [0x55] = "row",
}
local ORIGINS = { [0x07] = "network card", [0x00] = "sending card" }
local c = {
    destination = ProtoField.ether("colorlight.destination", "Destination"),
    source = ProtoField.ether("colorlight.source", "Source"),
    type = ProtoField.uint8("colorlight.type", "Type", base.HEX, COLORLIGHT_TYPES),
    row = ProtoField.uint16("colorlight.row", "Row"),
    x = ProtoField.uint16("colorlight.x", "First column"),
    count = ProtoField.uint16("colorlight.count", "Pixels"),
    marker = ProtoField.bytes("colorlight.marker", "Constants"),
    pixels = ProtoField.bytes("colorlight.pixels", "Samples"),
    origin = ProtoField.uint8("colorlight.origin", "Origin", base.HEX, ORIGINS),
    hops = ProtoField.uint8("colorlight.hops", "Hops (not confirmed)"),
    brightness = ProtoField.uint8("colorlight.brightness", "Brightness (linear)"),
    level = ProtoField.uint8("colorlight.level", "Level of red, green, blue"),
    gain = ProtoField.uint8("colorlight.gain", "Gain of red, green, blue (linear)"),
    place = ProtoField.uint8("colorlight.place", "Place in the chain"),
    model = ProtoField.uint8("colorlight.model", "Model code"),
    firmware_major = ProtoField.uint8("colorlight.firmware.major", "Firmware major"),
    firmware_minor = ProtoField.uint8("colorlight.firmware.minor", "Firmware minor"),
    width = ProtoField.uint16("colorlight.width", "Width"),
    height = ProtoField.uint16("colorlight.height", "Height"),
    packets = ProtoField.uint32("colorlight.packets", "Packets received (not confirmed)"),
    uptime = ProtoField.uint32("colorlight.uptime_ms", "Uptime in ms"),
    constant = ProtoField.uint8("colorlight.constant", "Constant", base.HEX),
    reserved = ProtoField.bytes("colorlight.reserved", "Not known, zero from senders"),
    padding = ProtoField.bytes("colorlight.padding", "Padding"),
}
local colorlight_fields = {}
for _, made in pairs(c) do
    colorlight_fields[#colorlight_fields + 1] = made
end
colorlight.fields = colorlight_fields
local colorlight_short =
    ProtoExpert.new("colorlight.short", "Packet is shorter than its fields", expert.group.MALFORMED, expert.severity.ERROR)
colorlight.experts = { colorlight_short }

-- For each type its fields at their offsets in the data (from byte 13): offset, field, bytes.
local COLORLIGHT_LAYOUTS = {
    [0x01] = {
        { 0, c.origin, 1 }, { 6, c.hops, 1 }, { 22, c.brightness, 1 }, { 23, c.constant, 1 }, { 25, c.gain, 1 },
        { 26, c.gain, 1 }, { 27, c.gain, 1 },
    },
    [0x07] = { { 3, c.place, 1 } },
    [0x08] = {
        { 0, c.constant, 1 }, { 1, c.model, 1 }, { 2, c.firmware_major, 1 }, { 3, c.firmware_minor, 1 }, { 21, c.width, 2 },
        { 23, c.height, 2 }, { 38, c.packets, 4 }, { 46, c.uptime, 4 }, { 85, c.place, 1 },
    },
    [0x0a] = { { 0, c.level, 1 }, { 1, c.level, 1 }, { 2, c.level, 1 }, { 3, c.constant, 1 } },
    [0x55] = { { 0, c.row, 2 }, { 2, c.x, 2 }, { 4, c.count, 2 }, { 6, c.marker, 2 } },
}

local function add_colorlight_data(tree, data, kind)
    local at = 0
    for _, item in ipairs(COLORLIGHT_LAYOUTS[kind]) do
        if item[1] + item[3] > data:len() then
            tree:add_proto_expert_info(colorlight_short)
            return
        end
        if item[1] > at then
            tree:add(c.reserved, data(at, item[1] - at))
        end
        tree:add(item[2], data(item[1], item[3]))
        at = item[1] + item[3]
    end
    if kind == 0x55 then
        local length = 3 * data(4, 2):uint()
        if at + length > data:len() then
            tree:add_proto_expert_info(colorlight_short)
            return
        end
        if length > 0 then
            tree:add(c.pixels, data(at, length))
        end
        at = at + length
    end
    if at < data:len() then
        tree:add(kind == 0x55 and c.padding or c.reserved, data(at))
    end
end

local function dissect_colorlight(tvb, pinfo, root)
    local kind = tvb(12, 1):uint()
    pinfo.cols.protocol = "Colorlight"
    pinfo.cols.dl_dst, pinfo.cols.dl_src = tostring(tvb(0, 6):ether()), tostring(tvb(6, 6):ether())
    local info = COLORLIGHT_TYPES[kind]
    if kind == 0x55 and tvb:len() >= 19 then
        info = string.format("row %d x %d count %d", tvb(13, 2):uint(), tvb(15, 2):uint(), tvb(17, 2):uint())
    end
    pinfo.cols.info = info
    local tree = root:add(colorlight, tvb(), "Colorlight " .. info)
    tree:add(c.destination, tvb(0, 6))
    tree:add(c.source, tvb(6, 6))
    tree:add(c.type, tvb(12, 1))
    if tvb:len() > 13 then
        add_colorlight_data(tree, tvb(13), kind)
    end
end

-- There is no Ethernet type: the receiver cards' fixed address decides, before Ethernet looks for one.
local CARD = "11:22:33:44:55:66"
local function is_colorlight(tvb)
    if tvb:len() < 13 or not COLORLIGHT_LAYOUTS[tvb(12, 1):uint()] then
        return false
    end
    return tostring(tvb(0, 6):ether()) == CARD or tostring(tvb(6, 6):ether()) == CARD
end

colorlight:register_heuristic("eth", function(tvb, pinfo, root)
    if not is_colorlight(tvb) then
        return false
    end
    dissect_colorlight(tvb, pinfo, root)
    return true
end)

function colorlight.dissector(tvb, pinfo, root)
    dissect_colorlight(tvb, pinfo, root)
    return tvb:len()
end
