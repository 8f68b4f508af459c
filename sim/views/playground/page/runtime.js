// The compiled engine: its memory, what it asks of its surroundings, and how it is called.
// Nothing is laid out by hand: `calls` says what each function takes and where its results are.

const ARRAYS = {
  float64: Float64Array, int64: BigInt64Array, int32: Int32Array, int8: Int8Array, uint8: Uint8Array, bool: Uint8Array,
};

async function engineOf(bytes, calls) {
  let memory, first, top, seen;
  const view = () => (seen?.buffer === memory.buffer ? seen : (seen = new DataView(memory.buffer)));

  // All memory of a call is taken from one end, and is free again at the next call.
  function take(size) {
    const at = (top + 15) & ~15;
    top = at + Number(size);
    const missing = top - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / 65536) + 16);
    return at;
  }

  // A block as numba has it: references, destructor, its argument, data, size.
  function block(size) {
    const at = take(64 + Number(size)), v = view();
    v.setBigInt64(at, 1n, true);
    v.setBigInt64(at + 8, 0n, true);
    v.setUint32(at + 16, at + 64, true);
    v.setBigInt64(at + 24, BigInt(size), true);
    return at;
  }

  function enlarge(at, size) {
    const v = view(), from = v.getUint32(at + 16, true), old = Number(v.getBigInt64(at + 24, true));
    const to = take(size);
    new Uint8Array(memory.buffer).copyWithin(to, from, from + Math.min(old, Number(size)));
    view().setUint32(at + 16, to, true);
    view().setBigInt64(at + 24, BigInt(size), true);
    return to;
  }

  const surroundings = {
    NRT_Allocate: take,
    NRT_Free() {},
    NRT_MemInfo_alloc: block,
    NRT_MemInfo_alloc_aligned: block,
    NRT_MemInfo_new_varsize_dtor: block,
    NRT_MemInfo_varsize_realloc: enlarge,
    log10: Math.log10,
    log: Math.log,
    cos: Math.cos, // to lay out lists and nodes, never for what is random
    __multi3(at, low, high, otherLow, otherHigh) {
      const whole = (h, l) => (h << 64n) | BigInt.asUintN(64, l), product = whole(high, low) * whole(otherHigh, otherLow);
      view().setBigInt64(at, BigInt.asIntN(64, product), true);
      view().setBigInt64(at + 8, BigInt.asIntN(64, product >> 64n), true);
    },
    numba_attempt_nocopy_reshape(_, shape, strides, dimensions, to, steps, size) { // whose arrays have no gaps
      for (let k = Number(dimensions) - 1, step = size; k >= 0; k--) {
        view().setBigInt64(steps + 8 * k, step, true);
        step *= view().getBigInt64(to + 8 * k, true);
      }
      return 1;
    },
    PyErr_SetString() {
      throw new Error("the engine has no room");
    },
  };

  const made = (await WebAssembly.instantiate(bytes, { env: surroundings })).instance.exports;
  memory = made.memory;
  first = (made.__heap_base.value + 63) & ~63;

  function given({ name, kind, dimensions }, value) {
    if (value === undefined) throw new Error(`the engine misses ${name}`);
    if (!dimensions) return [kind === "int64" ? BigInt(value) : Number(value)];
    const { data, shape } = "shape" in value ? value : { data: value, shape: [value.length] };
    const Kind = ARRAYS[kind], at = take(Kind.BYTES_PER_ELEMENT * data.length);
    new Kind(memory.buffer, at, data.length).set(kind === "int64" ? Array.from(data, BigInt) : data);
    const strides = shape.map((_, k) => BigInt(shape.slice(k + 1).reduce((a, b) => a * b, Kind.BYTES_PER_ELEMENT)));
    return [0, 0, BigInt(data.length), BigInt(Kind.BYTES_PER_ELEMENT), at, ...shape.map(BigInt), ...strides];
  }

  function taken({ kind, dimensions, at, data, shape }, result) {
    const v = view();
    if (!dimensions) return kind === "int64" ? Number(v.getBigInt64(result + at, true)) : v.getFloat64(result + at, true);
    const length = Number(v.getBigInt64(result + shape, true));
    const found = new ARRAYS[kind](memory.buffer, v.getUint32(result + data, true), length);
    return kind === "int64" ? Float64Array.from(found, Number) : found.slice();
  }

  // Call a function with its arguments by name; returns the parts of its result by name, copied out of the memory, or
  // one of them alone.
  return function call(name, values, only) {
    const { arguments: wanted, result } = calls[name];
    top = first;
    const to = take(result.size), error = take(16);
    const status = made[name](to, error, ...wanted.flatMap(one => given(one, values[one.name])));
    if (status) throw new Error("the engine has no room for so much");
    if (only) return taken(result.parts.find(part => part.name === only), to);
    return Object.fromEntries(result.parts.map(part => [part.name, taken(part, to)]));
  };
}
