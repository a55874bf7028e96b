-- Wireshark dissector for Sortie: docs/DEBUGGING.md says how to use it.
-- Made from the tables of docs/PROTOCOL.md and docs/DEBUGGING.md by "node scripts/make-dissector.mjs": do not edit.

local protocol = {
  version = 1,
  magic = { 83, 82, 84 },
  invariant = { "protocol ID", "client random", "client connection ID" },
  parameters = {
    [1] = "idleTimeoutMs",
    [2] = "maxAckDelayMs",
    [3] = "maxDatagramBytes",
    [4] = "maxMessageBytes",
    [5] = "receiveWindowBytes",
    [6] = "identityTypes",
    [7] = "timedAcks",
  },
  protectedFlags = { 64, 65 },
  openedFlags = { 126, 127 },
  openedMagic = { 83, 82, 84, 68 },
  deliveries = { [0] = "unreliable", [1] = "sequenced", [2] = "bestEffort", [3] = "reliable", [4] = "ordered" },
  handshake = {
    [1] = {
      name = "CLIENT_HELLO",
      fields = {
        { key = "sortie.protocol_id", label = "protocol ID", kind = "bytes", size = 8 },
        { key = "sortie.client_random", label = "client random", kind = "bytes", size = 32 },
        {
          key = "sortie.client_connection_id",
          label = "client connection ID",
          kind = "number",
          size = 4,
          isHex = true,
        },
        { key = "sortie.suite_count", label = "suite count", kind = "number", size = 1 },
        {
          key = "sortie.suites",
          label = "suites",
          kind = "codes",
          sizeFrom = "sortie.suite_count",
          values = { [1] = "AES-128-GCM", [2] = "ChaCha20-Poly1305" },
        },
        { key = "sortie.key_share", label = "key share", kind = "bytes", size = 65 },
        { key = "sortie.cookie_length", label = "cookie length", kind = "number", size = 1 },
        { key = "sortie.cookie", label = "cookie", kind = "bytes", sizeFrom = "sortie.cookie_length" },
        { key = "sortie.parameters_length", label = "parameters length", kind = "number", size = 2 },
        {
          key = "sortie.parameters",
          label = "parameters",
          kind = "parameters",
          sizeFrom = "sortie.parameters_length",
        },
        { key = "sortie.padding", label = "padding", kind = "bytes", size = "rest" },
      },
    },
    [2] = {
      name = "RETRY",
      fields = {
        {
          key = "sortie.client_connection_id",
          label = "client connection ID",
          kind = "number",
          size = 4,
          isHex = true,
        },
        { key = "sortie.cookie", label = "cookie", kind = "bytes", size = 36 },
      },
    },
    [3] = {
      name = "SERVER_HELLO",
      fields = {
        {
          key = "sortie.client_connection_id",
          label = "client connection ID",
          kind = "number",
          size = 4,
          isHex = true,
        },
        {
          key = "sortie.server_connection_id",
          label = "server connection ID",
          kind = "number",
          size = 4,
          isHex = true,
        },
        {
          key = "sortie.suite",
          label = "suite",
          kind = "number",
          size = 1,
          values = { [1] = "AES-128-GCM", [2] = "ChaCha20-Poly1305" },
        },
        { key = "sortie.server_random", label = "server random", kind = "bytes", size = 32 },
        { key = "sortie.key_share", label = "key share", kind = "bytes", size = 65 },
        { key = "sortie.parameters_length", label = "parameters length", kind = "number", size = 2 },
        {
          key = "sortie.parameters",
          label = "parameters",
          kind = "parameters",
          sizeFrom = "sortie.parameters_length",
        },
        {
          key = "sortie.identity_type",
          label = "identity type",
          kind = "number",
          size = 1,
          values = { [0] = "raw key", [1] = "X.509 chain" },
        },
        { key = "sortie.identity_length", label = "identity length", kind = "number", size = 2 },
        { key = "sortie.identity", label = "identity", kind = "bytes", sizeFrom = "sortie.identity_length" },
        { key = "sortie.signature", label = "signature", kind = "bytes", size = 64 },
      },
    },
    [4] = {
      name = "REJECT",
      fields = {
        {
          key = "sortie.client_connection_id",
          label = "client connection ID",
          kind = "number",
          size = 4,
          isHex = true,
        },
        { key = "sortie.client_random", label = "client random", kind = "bytes", size = 32 },
        {
          key = "sortie.reason",
          label = "reason",
          kind = "number",
          size = 1,
          values = {
            [1] = "version: the server speaks the version in this packet's header",
            [2] = "the server serves another application protocol",
            [3] = "the server is full",
            [4] = "the server is shutting down",
            [5] = "no cipher suite in common",
          },
        },
      },
    },
  },
  header = {
    { key = "sortie.connection_id", label = "connection ID", kind = "number", size = 4, isHex = true },
    { key = "sortie.packet_number_low", label = "packet number, low", kind = "number", size = 4 },
    { key = "sortie.ciphertext", label = "ciphertext", kind = "bytes", size = "rest" },
    { key = "sortie.tag", label = "tag", kind = "bytes", size = 16 },
  },
  opened = {
    { key = "sortie.connection_id", label = "connection ID", kind = "number", size = 4, isHex = true },
    { key = "sortie.packet_number_low", label = "packet number, low", kind = "number", size = 4 },
    { key = "sortie.magic", label = "magic", kind = "bytes", size = 4 },
    { key = "sortie.generation", label = "generation", kind = "number", size = 4 },
    { key = "sortie.packet_number", label = "packet number", kind = "number", size = 8 },
  },
  frames = {
    {
      name = "PADDING",
      first = 0,
      last = 0,
      fields = { { key = "sortie.padding.zeros", label = "zeros", kind = "bytes", size = "rest" } },
    },
    { name = "PING", first = 1, last = 1, fields = {} },
    {
      name = "ACK",
      first = 2,
      last = 2,
      fields = {
        { key = "sortie.ack.largest", label = "largest", kind = "number", size = "varint" },
        { key = "sortie.ack.delay", label = "delay", kind = "number", size = "varint" },
        { key = "sortie.ack.bitmap_length", label = "bitmap length", kind = "number", size = 1 },
        { key = "sortie.ack.bitmap", label = "bitmap", kind = "bytes", sizeFrom = "sortie.ack.bitmap_length" },
      },
    },
    {
      name = "CONNECT",
      first = 3,
      last = 3,
      fields = {
        { key = "sortie.connect.length", label = "length", kind = "number", size = "varint" },
        {
          key = "sortie.connect.payload",
          label = "payload",
          kind = "bytes",
          sizeFrom = "sortie.connect.length",
        },
      },
    },
    {
      name = "ACCEPT",
      first = 4,
      last = 4,
      fields = {
        { key = "sortie.accept.session_id", label = "session ID", kind = "bytes", size = 16 },
        { key = "sortie.accept.reset_token", label = "reset token", kind = "bytes", size = 16 },
      },
    },
    {
      name = "CLOSE",
      first = 5,
      last = 5,
      fields = {
        {
          key = "sortie.close.code",
          label = "code",
          kind = "number",
          size = 1,
          values = {
            [0] = "normal",
            [1] = "shutting down",
            [2] = "refused",
            [3] = "server full",
            [4] = "kicked",
            [5] = "protocol error",
            [6] = "flow control",
            [7] = "internal error",
            [8] = "handshake timeout",
            [9] = "key limit",
            [10] = "idle timeout",
          },
        },
        { key = "sortie.close.length", label = "length", kind = "number", size = "varint" },
        { key = "sortie.close.text", label = "text", kind = "text", sizeFrom = "sortie.close.length" },
      },
    },
    {
      name = "PATH_CHALLENGE",
      first = 6,
      last = 6,
      fields = { { key = "sortie.path_challenge.data", label = "data", kind = "bytes", size = 8 } },
    },
    {
      name = "PATH_RESPONSE",
      first = 7,
      last = 7,
      fields = { { key = "sortie.path_response.data", label = "data", kind = "bytes", size = 8 } },
    },
    {
      name = "CREDIT",
      first = 8,
      last = 8,
      fields = {
        { key = "sortie.credit.channel", label = "channel", kind = "number", size = 1 },
        { key = "sortie.credit.channel_limit", label = "channel limit", kind = "number", size = "varint" },
        {
          key = "sortie.credit.connection_limit",
          label = "connection limit",
          kind = "number",
          size = "varint",
        },
      },
    },
    {
      name = "TIMED_ACK",
      first = 10,
      last = 10,
      fields = {
        { key = "sortie.timed_ack.largest", label = "largest", kind = "number", size = "varint" },
        { key = "sortie.timed_ack.delay", label = "delay", kind = "number", size = "varint" },
        { key = "sortie.timed_ack.received_at", label = "received at", kind = "number", size = 4 },
        { key = "sortie.timed_ack.bitmap_length", label = "bitmap length", kind = "number", size = 1 },
        {
          key = "sortie.timed_ack.bitmap",
          label = "bitmap",
          kind = "bytes",
          sizeFrom = "sortie.timed_ack.bitmap_length",
        },
      },
    },
    {
      name = "MESSAGE",
      first = 16,
      last = 25,
      fields = {
        { key = "sortie.message.channel", label = "channel", kind = "number", size = 1 },
        {
          key = "sortie.message.message_id",
          label = "message ID",
          kind = "number",
          size = 2,
          deliveries = { [2] = true, [3] = true, [4] = true },
        },
        { key = "sortie.message.length", label = "length", kind = "number", size = "varint", ifLength = true },
        {
          key = "sortie.message.payload",
          label = "payload",
          kind = "bytes",
          sizeFrom = "sortie.message.length",
          orRest = true,
        },
      },
    },
    {
      name = "FRAGMENT",
      first = 32,
      last = 41,
      fields = {
        { key = "sortie.fragment.channel", label = "channel", kind = "number", size = 1 },
        { key = "sortie.fragment.message_id", label = "message ID", kind = "number", size = 2 },
        { key = "sortie.fragment.total", label = "total", kind = "number", size = "varint" },
        { key = "sortie.fragment.offset", label = "offset", kind = "number", size = "varint" },
        {
          key = "sortie.fragment.length",
          label = "length",
          kind = "number",
          size = "varint",
          ifLength = true,
        },
        {
          key = "sortie.fragment.payload",
          label = "payload",
          kind = "bytes",
          sizeFrom = "sortie.fragment.length",
          orRest = true,
        },
      },
    },
  },
}

-- From here on the engine: it reads packets by the tables above, and knows of the protocol what no table says.

local sortie = Proto("sortie", "Sortie")

-- Lua 5.2 to 5.4: no operators for bits, no integer division.
local TWO_TO_32 = 4294967296

local function bit_of(value, bit)
  return math.floor(value / 2 ^ bit) % 2
end

---- fields -----------------------------------------------------------------------------------------------------------

local own = {
  packet = ProtoField.string("sortie.packet", "packet"),
  sender = ProtoField.string("sortie.sender", "sender"),
  connection = ProtoField.uint32("sortie.connection", "connection"),
  type = ProtoField.uint8("sortie.type", "type", base.HEX),
  magic = ProtoField.bytes("sortie.magic", "magic"),
  version = ProtoField.uint8("sortie.version", "version"),
  flags = ProtoField.uint8("sortie.flags", "flags", base.HEX),
  key_phase = ProtoField.uint8("sortie.key_phase", "key phase"),
  frame = ProtoField.string("sortie.frame", "frame"),
  frame_type = ProtoField.uint8("sortie.frame.type", "type", base.HEX),
  acknowledged = ProtoField.string("sortie.ack.acknowledged", "acknowledged"),
  certificate = ProtoField.bytes("sortie.certificate", "certificate"),
  parameter = ProtoField.bytes("sortie.parameters.unknown", "unknown parameter"),
}

local malformed = ProtoExpert.new("sortie.malformed", "Malformed", expert.group.MALFORMED, expert.severity.ERROR)
local cut = ProtoExpert.new("sortie.cut", "Cut by the capture", expert.group.UNDECODED, expert.severity.NOTE)

local by_key = { ["sortie.magic"] = own.magic }
local all = {}

local function declare(field)
  local known = by_key[field.key]
  if known == nil then
    local values = field.values
    if field.kind == "bytes" or field.kind == "parameters" then
      known = ProtoField.bytes(field.key, field.label)
    elseif field.kind == "text" then
      known = ProtoField.string(field.key, field.label)
    elseif field.size == 1 or field.kind == "codes" then
      known = ProtoField.uint8(field.key, field.label, base.DEC, values)
    elseif field.size == 2 then
      known = ProtoField.uint16(field.key, field.label, base.DEC, values)
    elseif field.size == 4 then
      known = ProtoField.uint32(field.key, field.label, field.isHex and base.HEX or base.DEC, values)
    else
      known = ProtoField.uint64(field.key, field.label, base.DEC)
    end
    by_key[field.key] = known
    all[#all + 1] = known
  end
  field.proto = known
end

local function declare_all(fields)
  for _, field in ipairs(fields) do
    declare(field)
  end
end

for _, packet in pairs(protocol.handshake) do
  declare_all(packet.fields)
end
declare_all(protocol.header)
declare_all(protocol.opened)
for _, frame in ipairs(protocol.frames) do
  declare_all(frame.fields)
  if frame.first ~= frame.last then
    local key = "sortie." .. string.lower(frame.name) .. ".delivery"
    frame.delivery = ProtoField.uint8(key, "delivery", base.DEC, protocol.deliveries)
    all[#all + 1] = frame.delivery
  end
end

local parameters = {}
for id, name in pairs(protocol.parameters) do
  local key = string.lower((string.gsub(name, "(%u)", "_%1")))
  parameters[id] = ProtoField.uint64("sortie.parameters." .. key, name, base.DEC)
  all[#all + 1] = parameters[id]
end
for _, field in pairs(own) do
  all[#all + 1] = field
end
sortie.fields = all
sortie.experts = { malformed, cut }

---- connections ------------------------------------------------------------------------------------------------------

-- By connection ID: the connection's number, and who sends packets with it.
local connections = {}
-- Numbers by both IDs: SERVER_HELLO may come more than once, and Wireshark reads packets more than once.
local numbers = {}
local connection_count = 0

function sortie.init()
  connections = {}
  numbers = {}
  connection_count = 0
end

local function learn(client_id, server_id)
  local pair = string.format("%.0f %.0f", client_id, server_id)
  if numbers[pair] == nil then
    connection_count = connection_count + 1
    numbers[pair] = connection_count
  end
  connections[client_id] = { number = numbers[pair], sender = "server" }
  connections[server_id] = { number = numbers[pair], sender = "client" }
  return numbers[pair]
end

---- reading ----------------------------------------------------------------------------------------------------------

-- A cursor has tvb, offset, stop (of what may be read), values by key, is_cut (by the capture), and failed once something
-- does not fit, which is no fault of a packet that was cut: its fields are shown as far as they go.

local function fail(cursor, tree, text)
  if not cursor.failed and not cursor.is_cut then
    tree:add_proto_expert_info(malformed, text)
  end
  cursor.failed = true
end

-- Value, as a number and as UInt64, and length of the varint at the cursor; nothing when it is cut.
local function varint(cursor)
  if cursor.offset >= cursor.stop then
    return nil
  end
  local first = cursor.tvb(cursor.offset, 1):uint()
  local length = 2 ^ math.floor(first / 64)
  if cursor.offset + length > cursor.stop then
    return nil
  end
  local high, low = 0, first % 64
  for i = 1, length - 1 do
    low = low * 256 + cursor.tvb(cursor.offset + i, 1):uint()
    high = high * 256 + math.floor(low / TWO_TO_32)
    low = low % TWO_TO_32
  end
  return high * TWO_TO_32 + low, UInt64.new(low, high), math.floor(length)
end

local function read_parameters(cursor, tree, stop)
  while cursor.offset < stop and not cursor.failed do
    local start = cursor.offset
    local id, _, id_bytes = varint(cursor)
    cursor.offset = start + (id_bytes or 0)
    local length, _, length_bytes = varint(cursor)
    cursor.offset = cursor.offset + (length_bytes or 0)
    if id == nil or length == nil or cursor.offset + length > stop then
      return fail(cursor, tree, "transport parameters are cut")
    end
    local behind = cursor.offset + length
    local whole = cursor.tvb(start, behind - start)
    local field = parameters[id]
    local _, value, value_bytes = varint(cursor)
    if field == nil then
      tree:add(own.parameter, whole)
    elseif value_bytes ~= length then
      return fail(cursor, tree, "a transport parameter of another length than its value")
    else
      tree:add(field, whole, value)
    end
    cursor.offset = behind
  end
end

local function read_certificates(cursor, tree, start, stop)
  local at = start
  while at < stop do
    local length = at + 2 <= stop and cursor.tvb(at, 2):uint() or 0
    if length == 0 or at + 2 + length > stop then
      return fail(cursor, tree, "a certificate that is cut")
    end
    tree:add(own.certificate, cursor.tvb(at + 2, length))
    at = at + 2 + length
  end
end

-- "17..20, 6": bit i of the bitmap stands for largest - 1 - i.
local function acknowledged(largest, bitmap)
  local ranges = {}
  local high, low = largest, largest
  local function finish()
    ranges[#ranges + 1] = high == low and string.format("%.0f", low) or string.format("%.0f..%.0f", low, high)
  end
  for i = 0, bitmap:len() * 8 - 1 do
    if bit_of(bitmap:get_index(math.floor(i / 8)), i % 8) == 1 then
      local number = largest - 1 - i
      if number == low - 1 then
        low = number
      else
        finish()
        high, low = number, number
      end
    end
  end
  finish()
  return table.concat(ranges, ", ")
end

-- bytes that the fields behind this one need in any case
local function needed_behind(fields, index)
  local bytes = 0
  for i = index + 1, #fields do
    if type(fields[i].size) == "number" then
      bytes = bytes + fields[i].size
    end
  end
  return bytes
end

local function size_of(cursor, fields, index, context)
  local field = fields[index]
  if field.sizeFrom ~= nil and not (field.orRest and not context.has_length) then
    return cursor.values[field.sizeFrom]
  end
  if field.size == "rest" or field.orRest then
    return cursor.stop - cursor.offset - needed_behind(fields, index)
  end
  return field.size
end

local function read_number(cursor, tree, field)
  if field.size == "varint" then
    local value, wide, length = varint(cursor)
    if value == nil then
      return fail(cursor, tree, field.label .. " is cut")
    end
    tree:add(field.proto, cursor.tvb(cursor.offset, length), wide)
    cursor.values[field.key] = value
    cursor.offset = cursor.offset + length
    return
  end
  local range = cursor.tvb(cursor.offset, field.size)
  tree:add(field.proto, range)
  cursor.values[field.key] = field.size == 8 and range:uint64():tonumber() or range:uint()
  cursor.offset = cursor.offset + field.size
end

local function read_bytes(cursor, tree, field, size)
  if size == 0 then
    cursor.values[field.key] = ByteArray.new()
    return
  end
  local range = cursor.tvb(cursor.offset, size)
  if field.kind == "codes" then
    for i = 0, size - 1 do
      tree:add(field.proto, range(i, 1))
    end
  elseif field.kind == "text" then
    tree:add(field.proto, range, range:string(ENC_UTF_8))
  else
    local item = tree:add(field.proto, range)
    if field.kind == "parameters" then
      local stop = cursor.offset + size
      read_parameters(cursor, item, stop)
      cursor.offset = stop - size
    elseif field.key == "sortie.identity" and cursor.values["sortie.identity_type"] == 1 then
      read_certificates(cursor, item, cursor.offset, cursor.offset + size)
    end
    cursor.values[field.key] = range:bytes()
  end
  cursor.offset = cursor.offset + size
end

local function read_field(cursor, tree, fields, index, context)
  local field = fields[index]
  if field.deliveries ~= nil and not field.deliveries[context.delivery] then
    return
  end
  if field.ifLength and not context.has_length then
    return
  end
  if field.size == "varint" then
    return read_number(cursor, tree, field)
  end
  if field.size == "rest" and cursor.is_cut then
    return fail(cursor, tree, field.label .. " is cut")
  end
  local size = size_of(cursor, fields, index, context)
  if size < 0 or cursor.offset + size > cursor.stop then
    return fail(cursor, tree, field.label .. " runs past the end")
  end
  if field.kind == "number" then
    read_number(cursor, tree, field)
  else
    read_bytes(cursor, tree, field, size)
  end
end

local function read_fields(cursor, tree, fields, context)
  for index = 1, #fields do
    if cursor.failed then
      return
    end
    read_field(cursor, tree, fields, index, context)
  end
end

---- frames -----------------------------------------------------------------------------------------------------------

local function frame_of(type)
  for _, frame in ipairs(protocol.frames) do
    if type >= frame.first and type <= frame.last then
      return frame
    end
  end
  return nil
end

-- Reads one frame, and gives the words for it.
local function read_frame(cursor, tree)
  local start = cursor.offset
  local type = cursor.tvb(start, 1):uint()
  local frame = frame_of(type)
  if frame == nil then
    fail(cursor, tree, string.format("unknown frame type 0x%02x", type))
    return "unknown"
  end
  local item = tree:add(own.frame, cursor.tvb(start, 1), frame.name)
  item:add(own.frame_type, cursor.tvb(start, 1))
  cursor.offset = start + 1
  local words = frame.name
  local context = { has_length = true }
  if frame.delivery ~= nil then
    context = { has_length = (type - frame.first) % 2 == 1, delivery = math.floor((type - frame.first) / 2) }
    item:add(frame.delivery, cursor.tvb(start, 1), context.delivery)
    words = words .. " " .. protocol.deliveries[context.delivery]
  end
  read_fields(cursor, item, frame.fields, context)
  if (frame.name == "ACK" or frame.name == "TIMED_ACK") and not cursor.failed then
    local prefix = frame.name == "ACK" and "sortie.ack." or "sortie.timed_ack."
    local text = acknowledged(cursor.values[prefix .. "largest"], cursor.values[prefix .. "bitmap"])
    item:add(own.acknowledged, cursor.tvb(start, cursor.offset - start), text):set_generated()
    words = words .. " " .. text
  end
  item:set_len(cursor.offset - start)
  return words
end

local function read_frames(cursor, tree)
  local words = {}
  while cursor.offset < cursor.stop and not cursor.failed do
    words[#words + 1] = read_frame(cursor, tree)
  end
  return table.concat(words, " | ")
end

---- packets ----------------------------------------------------------------------------------------------------------

local function show_connection(tree, known)
  if known ~= nil then
    tree:add(own.connection, known.number):set_generated()
    tree:add(own.sender, known.sender):set_generated()
  end
end

local function read_handshake(cursor, tree)
  local tvb = cursor.tvb
  local packet = protocol.handshake[tvb(0, 1):uint()]
  local version = tvb(4, 1):uint()
  tree:add(own.packet, packet.name):set_generated()
  tree:add(own.sender, packet.name == "CLIENT_HELLO" and "client" or "server"):set_generated()
  tree:add(own.type, tvb(0, 1))
  tree:add(own.magic, tvb(1, 3))
  tree:add(own.version, tvb(4, 1))
  cursor.offset = 5
  local fields = packet.fields
  if version ~= protocol.version and packet.name == "CLIENT_HELLO" then
    fields = {}
    for index = 1, #protocol.invariant do
      fields[index] = packet.fields[index]
    end
  elseif version ~= protocol.version and packet.name ~= "REJECT" then
    return string.format("%s of version %d", packet.name, version)
  end
  read_fields(cursor, tree, fields, {})
  if packet.name == "SERVER_HELLO" and not cursor.failed then
    local client_id = cursor.values["sortie.client_connection_id"]
    local number = learn(client_id, cursor.values["sortie.server_connection_id"])
    tree:add(own.connection, number):set_generated()
  end
  return packet.name
end

local function show_flags(tree, range)
  local item = tree:add(own.flags, range)
  item:add(own.key_phase, range, bit_of(range:uint(), 0))
end

local function read_protected(cursor, tree)
  tree:add(own.packet, "PROTECTED"):set_generated()
  show_flags(tree, cursor.tvb(0, 1))
  cursor.offset = 1
  read_fields(cursor, tree, protocol.header, {})
  show_connection(tree, connections[cursor.values["sortie.connection_id"]])
  return string.format("PROTECTED ..%.0f, encrypted", cursor.values["sortie.packet_number_low"] or 0)
end

local function read_opened(cursor, tree)
  tree:add(own.packet, "PROTECTED"):set_generated()
  show_flags(tree, cursor.tvb(0, 1))
  cursor.offset = 1
  read_fields(cursor, tree, protocol.opened, {})
  show_connection(tree, connections[cursor.values["sortie.connection_id"]])
  local words = read_frames(cursor, tree)
  return string.format("PROTECTED %.0f: %s", cursor.values["sortie.packet_number"] or 0, words)
end

local function has_bytes(tvb, offset, bytes)
  if tvb:len() < offset + #bytes then
    return false
  end
  for index, byte in ipairs(bytes) do
    if tvb(offset + index - 1, 1):uint() ~= byte then
      return false
    end
  end
  return true
end

local function is_one_of(value, list)
  for _, one in ipairs(list) do
    if one == value then
      return true
    end
  end
  return false
end

-- bytes: flags, connection ID, low packet number; and those of the tag, or of what stands in its place
local HEADER_BYTES = 9
local OVERHEAD_BYTES = 25

-- What reads a datagram; nothing when it is not of this protocol.
local function reader_of(tvb)
  if tvb:len() < 5 then
    return nil
  end
  local first = tvb(0, 1):uint()
  if protocol.handshake[first] ~= nil and has_bytes(tvb, 1, protocol.magic) then
    return read_handshake
  end
  if tvb:len() > OVERHEAD_BYTES and is_one_of(first, protocol.openedFlags)
    and has_bytes(tvb, HEADER_BYTES, protocol.openedMagic) then
    return read_opened
  end
  if tvb:reported_len() > OVERHEAD_BYTES and tvb:len() >= HEADER_BYTES and is_one_of(first, protocol.protectedFlags) then
    return read_protected
  end
  return nil
end

function sortie.dissector(tvb, pinfo, root)
  local reader = reader_of(tvb)
  if reader == nil then
    return 0
  end
  pinfo.cols.protocol = "Sortie"
  local tree = root:add(sortie, tvb())
  local is_cut = tvb:len() < tvb:reported_len()
  local cursor = { tvb = tvb, offset = 0, stop = tvb:len(), values = {}, is_cut = is_cut, failed = false }
  if is_cut then
    tree:add_proto_expert_info(cut)
  end
  local words = reader(cursor, tree)
  if cursor.offset < cursor.stop and not cursor.failed and reader == read_handshake
    and tvb(4, 1):uint() == protocol.version then
    fail(cursor, tree, "bytes behind the last field")
  end
  pinfo.cols.info = words
  tree:append_text(", " .. words)
  return tvb:len()
end

-- Handshake packets and opened ones are known by their magic, others by a connection whose handshake was seen.
sortie:register_heuristic("udp", function(tvb, pinfo, root)
  local reader = reader_of(tvb)
  if reader == nil then
    return false
  end
  if reader == read_protected and connections[tvb(1, 4):uint()] == nil then
    return false
  end
  sortie.dissector(tvb, pinfo, root)
  pinfo.conversation = sortie
  return true
end)

DissectorTable.get("udp.port"):add_for_decode_as(sortie)
