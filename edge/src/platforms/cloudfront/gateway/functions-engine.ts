// What a CloudFront Function finds around it, as code that runs inside its own realm (gap `aws-function-engine`,
// gap `aws-function-helpers`).
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-javascript-runtime-features.html
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-custom-methods.html

/**
 * Evaluates to `(host) => { ... }` inside the realm. Only text crosses: `host.digest(algorithm, key | null, base64)` and
 * `host.log(text)`. The host's functions stay in closures, so a function cannot reach the outer realm through them.
 */
export const REALM = String.raw`
(function (host) {
  "use strict";
  var digest = host.digest, log = host.log, stores = JSON.parse(host.stores), runtime2 = host.runtime2;
  var G = globalThis;

  // No shared memory, no WebAssembly, no view of the collector. Code from text is switched off where the realm is made.
  ["WebAssembly", "SharedArrayBuffer", "Atomics", "FinalizationRegistry", "WeakRef", "Intl"].forEach(function (name) { delete G[name]; });

  var alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  function toBase64(bytes) {
    var out = "";
    for (var i = 0; i < bytes.length; i += 3) {
      var n = (bytes[i] << 16) | ((bytes[i + 1] || 0) << 8) | (bytes[i + 2] || 0);
      out += alphabet[n >> 18] + alphabet[(n >> 12) & 63];
      out += i + 1 < bytes.length ? alphabet[(n >> 6) & 63] : "=";
      out += i + 2 < bytes.length ? alphabet[n & 63] : "=";
    }
    return out;
  }
  function fromBase64(text) {
    var clean = String(text).replace(/-/g, "+").replace(/_/g, "/").replace(/[^A-Za-z0-9+/]/g, "");
    var bytes = [], bits = 0, n = 0;
    for (var i = 0; i < clean.length; i++) {
      n = (n << 6) | alphabet.indexOf(clean[i]); bits += 6;
      if (bits >= 8) { bits -= 8; bytes.push((n >> bits) & 255); n &= (1 << bits) - 1; }
    }
    return Uint8Array.from(bytes);
  }
  function utf8(text) {
    var encoded = encodeURIComponent(String(text).replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?:[^\ud800-\udbff]|^)[\udc00-\udfff]/g, "\ufffd"));
    var bytes = [];
    for (var i = 0; i < encoded.length; i++) {
      if (encoded[i] === "%") { bytes.push(parseInt(encoded.slice(i + 1, i + 3), 16)); i += 2; } else bytes.push(encoded.charCodeAt(i));
    }
    return Uint8Array.from(bytes);
  }
  function hex(bytes) {
    var out = "";
    for (var i = 0; i < bytes.length; i++) out += (bytes[i] < 16 ? "0" : "") + bytes[i].toString(16);
    return out;
  }
  function text(bytes) {
    var escaped = "";
    for (var i = 0; i < bytes.length; i++) escaped += "%" + (bytes[i] < 16 ? "0" : "") + bytes[i].toString(16);
    try { return decodeURIComponent(escaped); } catch (error) { return latin1(bytes); }
  }
  function latin1(bytes) {
    var out = "";
    for (var i = 0; i < bytes.length; i++) out += String.fromCharCode(bytes[i]);
    return out;
  }
  function bytesOf(value, encoding) {
    if (typeof value !== "string") return Uint8Array.from(value);
    if (encoding === "base64" || encoding === "base64url") return fromBase64(value);
    if (encoding === "hex") return Uint8Array.from((value.match(/../g) || []).map(function (pair) { return parseInt(pair, 16); }));
    if (encoding === "latin1" || encoding === "binary") return Uint8Array.from(value, function (c) { return c.charCodeAt(0); });
    return utf8(value);
  }
  function textOf(bytes, encoding) {
    if (encoding === "hex") return hex(bytes);
    if (encoding === "base64") return toBase64(bytes);
    if (encoding === "base64url") return toBase64(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
    if (encoding === "latin1" || encoding === "binary") return latin1(bytes);
    return text(bytes);
  }

  class Buffer extends Uint8Array {
    static from(value, encoding) { var bytes = bytesOf(value, encoding); var b = new Buffer(bytes.length); b.set(bytes); return b; }
    static alloc(size, fill) { var b = new Buffer(size); if (fill !== undefined) b.fill(fill); return b; }
    static isBuffer(value) { return value instanceof Buffer; }
    static byteLength(value, encoding) { return bytesOf(value, encoding).length; }
    static concat(list) {
      var size = list.reduce(function (sum, each) { return sum + each.length; }, 0), b = new Buffer(size), at = 0;
      list.forEach(function (each) { b.set(each, at); at += each.length; });
      return b;
    }
    static compare(a, b) {
      for (var i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i] < b[i] ? -1 : 1;
      return a.length === b.length ? 0 : a.length < b.length ? -1 : 1;
    }
    equals(other) { return Buffer.compare(this, other) === 0; }
    toString(encoding, start, end) { return textOf(this.subarray(start || 0, end === undefined ? this.length : end), encoding); }
    toJSON() { return { type: "Buffer", data: Array.from(this) }; }
  }

  function hasher(algorithm, key) {
    if (["md5", "sha1", "sha256"].indexOf(algorithm) === -1) throw new TypeError("not supported algorithm: \"" + algorithm + "\"");
    var parts = [], done = false;
    return {
      update: function (data) {
        if (done) throw new Error("Digest already called");
        parts.push(Buffer.from(data));
        return this;
      },
      digest: function (encoding) {
        if (done) throw new Error("Digest already called");
        done = true;
        var answer = fromBase64(digest(algorithm, key, toBase64(Buffer.concat(parts))));
        var b = new Buffer(answer.length);
        b.set(answer);
        return encoding === undefined ? (runtime2 ? b : latin1(b)) : textOf(b, encoding);
      },
    };
  }
  var crypto = {
    createHash: function (algorithm) { return hasher(algorithm, null); },
    createHmac: function (algorithm, key) { return hasher(algorithm, toBase64(Buffer.from(key))); },
  };

  function decode(value) { try { return decodeURIComponent(value.replace(/\+/g, "%20")); } catch (error) { return value; } }
  var querystring = {
    escape: encodeURIComponent,
    unescape: decode,
    parse: function (value, separator, equals) {
      var out = {};
      String(value).split(separator || "&").forEach(function (part) {
        if (part === "") return;
        var at = part.indexOf(equals || "="), name = decode(at === -1 ? part : part.slice(0, at)), item = decode(at === -1 ? "" : part.slice(at + 1));
        if (!Object.prototype.hasOwnProperty.call(out, name)) out[name] = item;
        else if (Array.isArray(out[name])) out[name].push(item);
        else out[name] = [out[name], item];
      });
      return out;
    },
    stringify: function (object, separator, equals) {
      return Object.keys(object).map(function (name) {
        return [].concat(object[name]).map(function (item) { return encodeURIComponent(name) + (equals || "=") + encodeURIComponent(item); }).join(separator || "&");
      }).join(separator || "&");
    },
  };
  querystring.decode = querystring.parse;
  querystring.encode = querystring.stringify;

  function store(id) {
    if (id === undefined) id = stores.first;
    var data = stores.byId[id];
    if (data === undefined) throw new Error("KeyValueStore is not associated with the function: " + id);
    var entries = new Map(data);
    return {
      get: async function (key, options) {
        if (!entries.has(key)) throw new Error("KeyNotFound");
        var value = entries.get(key), format = (options && options.format) || "string";
        if (format === "json") return JSON.parse(value);
        if (format === "bytes") return Buffer.from(value);
        return value;
      },
      exists: async function (key) { return entries.has(key); },
      count: async function () { return entries.size; },
      meta: async function () {
        var size = 0;
        entries.forEach(function (value, key) { size += utf8(key).length + utf8(value).length; });
        return { creationDateTime: stores.created, lastUpdatedDateTime: stores.created, keyCount: entries.size, byteCount: size };
      },
    };
  }
  var handles = {};
  var cloudfront = {
    kvs: function (id) { var key = id === undefined ? "" : id; return handles[key] || (handles[key] = store(id)); },
  };

  var modules = { crypto: crypto, querystring: querystring, buffer: { Buffer: Buffer } };
  if (runtime2) modules.cloudfront = cloudfront;
  function require(name) {
    if (!Object.prototype.hasOwnProperty.call(modules, name)) throw new Error("Cannot load module \"" + name + "\"");
    return modules[name];
  }
  Object.keys(modules).forEach(function (name) { modules[name].default = modules[name]; });

  var logged = 0;
  function write() {
    var line = Array.prototype.map.call(arguments, function (value) {
      return typeof value === "string" ? value : JSON.stringify(value);
    }).join(" ");
    // Logs of one run are cut at 10 KB. Source: cloudfront-function-restrictions.
    var left = 10240 - logged;
    if (left <= 0) return;
    logged += line.length;
    log(line.slice(0, left));
  }
  G.console = { log: write, error: write };

  if (runtime2) {
    G.Buffer = Buffer;
    G.atob = function (value) { return latin1(fromBase64(value)); };
    G.btoa = function (value) { return toBase64(bytesOf(String(value), "latin1")); };
  } else {
    delete G.Promise;
    // The nonstandard methods of strings in runtime 1.0.
    String.bytesFrom = function (value, encoding) { return latin1(bytesOf(value, encoding)); };
    String.prototype.fromBytes = function (start, end) { return this.slice(start, end); };
    String.prototype.toBytes = function (start, end) { return this.slice(start, end); };
    String.prototype.fromUTF8 = function (start, end) { return text(bytesOf(this.slice(start, end), "latin1")); };
    String.prototype.toUTF8 = function (start, end) { return latin1(utf8(this.slice(start, end))); };
  }

  var RealDate = Date, now = 0;
  function FrozenDate() {
    var values = Array.prototype.slice.call(arguments);
    if (!new.target) return new RealDate(now).toString();
    return values.length === 0 ? new RealDate(now) : Reflect.construct(RealDate, values);
  }
  FrozenDate.prototype = RealDate.prototype;
  FrozenDate.UTC = RealDate.UTC;
  FrozenDate.parse = RealDate.parse;
  FrozenDate.now = function () { return now; };
  RealDate.prototype.constructor = FrozenDate;
  G.Date = FrozenDate;

  return {
    require: require,
    begin: function (at) { now = at; logged = 0; },
  };
})
`;
