// Calls a weft server, or is called by a weft client, with gRPC made by hand on Node's own HTTP/2.
//
// usage: node grpc_peer.js client PORT FORMAT
//        node grpc_peer.js server FORMAT      prints its port and serves until it has answered one Echo
//
// FORMAT is json or msgpack. Node has no MessagePack, so what these messages need of it is below.
'use strict';

const http2 = require('http2');
const assert = require('assert');

const json = {
  dumps: (order) =>
    Buffer.from(JSON.stringify(order, (_, value) => (typeof value === 'bigint' ? String(value) : value))),
  loads: (bytes) => {
    const order = JSON.parse(bytes);
    order.id = BigInt(order.id || 0);
    return order;
  },
};

// https://github.com/msgpack/msgpack, spec.md: the forms that weft writes.
class Unpacker {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }
  take(size) {
    assert(this.at + size <= this.bytes.length, 'a value is cut off');
    this.at += size;
    return this.bytes.subarray(this.at - size, this.at);
  }
  text(size) {
    return this.take(size).toString('utf8');
  }
  list(size) {
    return Array.from({ length: size }, () => this.value());
  }
  map(size) {
    const out = {};
    for (let i = 0; i < size; ++i) out[this.value()] = this.value();
    return out;
  }
  value() {
    const code = this.take(1)[0];
    if (code < 0x80) return code;
    if (code < 0x90) return this.map(code & 15);
    if (code < 0xa0) return this.list(code & 15);
    if (code < 0xc0) return this.text(code & 31);
    if (code >= 0xe0) return code - 256;
    switch (code) {
      case 0xc2: return false;
      case 0xc3: return true;
      case 0xc4: return Buffer.from(this.take(this.take(1)[0])).toString('base64');
      case 0xcb: return this.take(8).readDoubleBE();
      case 0xcc: return this.take(1).readUInt8();
      case 0xcd: return this.take(2).readUInt16BE();
      case 0xce: return this.take(4).readUInt32BE();
      case 0xcf: return this.take(8).readBigUInt64BE();
      case 0xd0: return this.take(1).readInt8();
      case 0xd1: return this.take(2).readInt16BE();
      case 0xd3: return this.take(8).readBigInt64BE();
      case 0xd9: return this.text(this.take(1)[0]);
      default: throw new Error(`the code ${code} is not known here`);
    }
  }
}

function pack(value, name) {
  const coded = (code, size, put) => {
    const out = Buffer.alloc(1 + size);
    out[0] = code;
    put(out);
    return out;
  };
  if (typeof value === 'boolean') return Buffer.from([value ? 0xc3 : 0xc2]);
  if (typeof value === 'bigint') return coded(0xd3, 8, (out) => out.writeBigInt64BE(value, 1));
  if (typeof value === 'number') {
    if (name === 'price') return coded(0xcb, 8, (out) => out.writeDoubleBE(value, 1));
    return coded(0xd2, 4, (out) => out.writeInt32BE(value, 1));
  }
  if (typeof value === 'string') {
    const bytes = Buffer.from(value, name === 'data' ? 'base64' : 'utf8');
    return Buffer.concat([Buffer.from([name === 'data' ? 0xc4 : 0xd9, bytes.length]), bytes]);
  }
  const items = Array.isArray(value)
    ? value.map((item) => pack(item, ''))
    : Object.entries(value).flatMap(([key, item]) => [pack(key, ''), pack(item, key)]);
  const head = Array.isArray(value) ? 0x90 | items.length : 0x80 | (items.length / 2);
  return Buffer.concat([Buffer.from([head]), ...items]);
}

const msgpack = {
  dumps: (order) => pack(order, ''),
  loads: (bytes) => {
    const order = new Unpacker(bytes).value();
    order.id = BigInt(order.id || 0);
    return order;
  },
};

const formats = { json, msgpack };
const order = {
  id: 2n ** 60n,
  name: 'käse & <wein>',
  counts: [1, -2, 300],
  labels: { a: 'b' },
  price: 1.5,
  data: 'AP8=',
  paid: true,
};
const echoed = (it, format) => ({ ...it, id: it.id + 1n, labels: { ...it.labels, format } });

function framed(message) {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

function messages(body) {
  const found = [];
  for (let at = 0; at < body.length; ) {
    const size = body.readUInt32BE(at + 1);
    found.push(body.subarray(at + 5, at + 5 + size));
    at += 5 + size;
  }
  return found;
}

function call(session, method, type, message) {
  return new Promise((resolve, reject) => {
    const answer = { headers: {}, trailers: {} };
    const parts = [];
    const stream = session.request({
      ':method': 'POST',
      ':path': `/weft.formats.shop.Shop/${method}`,
      te: 'trailers',
      'content-type': type,
    });
    stream.on('response', (headers) => (answer.headers = headers));
    stream.on('trailers', (trailers) => (answer.trailers = trailers));
    stream.on('data', (part) => parts.push(part));
    stream.on('error', reject);
    stream.on('end', () => resolve({ ...answer, messages: messages(Buffer.concat(parts)) }));
    stream.end(framed(message));
  });
}

async function client(port, name) {
  const form = formats[name];
  const type = `application/grpc+${name}`;
  const session = http2.connect(`http://127.0.0.1:${port}`);
  const echo = await call(session, 'Echo', type, form.dumps(order));
  assert.strictEqual(echo.headers['content-type'], type);
  assert.strictEqual(echo.trailers['grpc-status'], '0');
  assert.deepStrictEqual(echo.messages.map(form.loads), [echoed(order, name)]);
  const each = await call(session, 'Each', type, form.dumps(order));
  assert.strictEqual(each.trailers['grpc-status'], '0');
  const counts = each.messages.map((message) => form.loads(message).counts);
  assert.deepStrictEqual(counts, order.counts.map((count) => [count]));
  const broken = await call(session, 'Echo', type, Buffer.from([0xc1]));
  assert.strictEqual({ ...broken.headers, ...broken.trailers }['grpc-status'], '13');
  session.close();
}

function serve(name) {
  const form = formats[name];
  const server = http2.createServer();
  server.on('stream', (stream, headers) => {
    const parts = [];
    stream.on('data', (part) => parts.push(part));
    stream.on('end', () => {
      // In kind, or the client learns that it is not.
      stream.respond(
        { ':status': 200, 'content-type': headers['content-type'] }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      const request = form.loads(messages(Buffer.concat(parts))[0]);
      const answers = headers[':path'].endsWith('/Echo')
        ? [echoed(request, name)]
        : (request.counts || []).map((count) => ({ counts: [count] }));
      for (const answer of answers) stream.write(framed(form.dumps(answer)));
      stream.end();
      if (headers[':path'].endsWith('/Echo')) stream.on('close', () => process.exit(0));
    });
  });
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
  setTimeout(() => process.exit(1), 60000);
}

const [what, ...rest] = process.argv.slice(2);
if (what === 'server') {
  serve(...rest);
} else {
  client(...rest).catch((error) => {
    console.log(String(error.stack || error));
    process.exit(1);
  });
}
