// What Math has not, or has with another meaning than Python: of these functions a page gets those that it calls.

function power(x, y) { // 1 ** NaN and (-1) ** Infinity are 1
  return x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : Math.pow(x, y);
}

function mod(x, y) { // has the sign of y
  const r = x % y;
  return r === 0 ? copysign(0, y) : (r < 0) !== (y < 0) ? r + y : r;
}

function floorDivide(x, y) {
  if (y === 0) return x / y;
  const r = x % y, q = (x - r) / y - (r !== 0 && (r < 0) !== (y < 0) ? 1 : 0), low = Math.floor(q);
  return q === 0 ? copysign(0, x / y) : q - low > 0.5 ? low + 1 : low;
}

function rint(x) { // half to even
  const low = Math.floor(x), rest = x - low;
  const whole = rest < 0.5 || (rest === 0.5 && low % 2 === 0) ? low : low + 1;
  return Number.isFinite(x) ? copysign(whole, x) : x;
}

function copysign(x, y) {
  return y < 0 || Object.is(y, -0) ? -Math.abs(x) : Math.abs(x);
}

function larger(x, y) { // the first of equal ones
  return y > x ? y : x;
}

function smaller(x, y) {
  return y < x ? y : x;
}

function erf(x) { // a series whose terms all have one sign
  if (Math.abs(x) > 2) return x > 0 ? 1 - erfc(x) : erfc(-x) - 1;
  let term = x, sum = x;
  for (let k = 1; Math.abs(term) > 1e-17 * Math.abs(sum); k++) sum += term *= x * x / (k + 0.5);
  return x === 0 ? x : 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
}

function erfc(x) { // from 2 on a continued fraction, from the inside out
  if (!(x > 2)) return x < -2 ? 2 - erfc(-x) : 1 - erf(x);
  if (x > 27.5) return 0;
  let rest = 0;
  for (let k = 120; k > 0; k--) rest = k / 2 / (x + rest);
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / (x + rest);
}

function lgamma(x) { // reflected below one half; steps up until Stirling's series holds
  if (Math.abs(x) === Infinity || (x <= 0 && x === Math.floor(x))) return Infinity;
  if (x === 1 || x === 2) return 0;
  if (Math.abs(x) < 1e-20) return -Math.log(Math.abs(x));
  if (x < 0.5) return Math.log(Math.PI / Math.abs(Math.sin(Math.PI * (x - 2 * Math.round(x / 2))))) - lgamma(1 - x);
  let product = 1;
  while (x < 15) product *= x++;
  let series = 0, odd = 1 / x;
  for (const b of [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360]) { series += b * odd; odd /= x * x; }
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + series - Math.log(product);
}

function factorial(n) {
  return n < 2 ? 1 : n * factorial(n - 1);
}

function polygamma(x, n) { // below 0 by reflection
  if (x === -Infinity) return NaN;
  return x < 0 ? (n % 2 ? -1 : 1) * steppedUp(1 - x, n) - slopeOfCotangent(x, n) : steppedUp(x + 0, n);
}

function steppedUp(x, n) { // until Stirling's series holds
  const odd = n % 2 ? -1 : 1, far = 15 + n;
  let z = 0;
  for (; x < far; x++) z -= odd * factorial(n) / Math.pow(x, n + 1);
  let series = n === 0 ? Math.log(x) : -odd * factorial(n - 1) / Math.pow(x, n);
  series -= odd * factorial(n) / (2 * Math.pow(x, n + 1));
  [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6].forEach((b, i) => {
    const k = i + 1;
    series -= odd * b * factorial(2 * k + n - 1) / factorial(2 * k) / Math.pow(x, 2 * k + n);
  });
  return z + series;
}

function slopeOfCotangent(x, n) { // the n-th derivative of pi cot(pi x), a polynomial in the cotangent
  const tangent = Math.tan(Math.PI * (x - rint(x))), c = tangent === 0 ? Infinity : 1 / tangent;
  let polynomial = [0, 1]; // coefficients by power; c' = -(1 + c²)
  for (let i = 0; i < n; i++) {
    const slope = new Array(polynomial.length + 1).fill(0);
    polynomial.forEach((a, k) => { if (k) { slope[k - 1] -= k * a; slope[k + 1] -= k * a; } });
    polynomial = slope;
  }
  return Math.pow(Math.PI, n + 1) * polynomial.reduce((sum, a, k) => a ? sum + a * Math.pow(c, k) : sum, 0);
}

function i0(x, order) { // the series, whose terms have one sign; beyond 20 the integral over an angle
  if (order === 0 && Math.abs(x) === Infinity) return NaN; // NumPy's answer
  const far = !(Math.abs(x) <= 20);
  let z = -0, term = Math.pow(x / 2, order) / factorial(order);
  if (!far) for (let k = 1; k < 60; k++) { z += term; term *= x * x / 4 / (k * (k + order)); }
  else for (let k = 0; k <= 256; k++) {
    const angle = Math.PI * k / 256, part = k === 0 || k === 256 ? 0.5 : 1;
    z += part / 256 * Math.cos(order * angle) * Math.exp(x * Math.cos(angle));
  }
  return z;
}

function nextafter(x, y) { // the neighbour of a float is one more or less among the whole numbers of its bits
  if (Number.isNaN(x) || Number.isNaN(y)) return NaN;
  if (x === y) return y;
  if (x === 0) return y > 0 ? 5e-324 : -5e-324;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  view.setBigInt64(0, view.getBigInt64(0) + ((y > x) === (x > 0) ? 1n : -1n));
  return view.getFloat64(0);
}

function sine(x, n) { // the n-th derivative of sin(u) by u, at u = pi x: whole turns are taken off x first
  const whole = rint(x), u = Math.PI * (x - whole), turned = n % 2 ? Math.cos(u) : Math.sin(u);
  return (whole % 2 ? -1 : 1) * (n % 4 > 1 ? -turned : turned);
}

function sinc(x, order) { // a derivative of sin(u) / u by x, where u = pi x: by its series near 0
  const u = Math.PI * x;
  let z = 0;
  if (Math.abs(u) < order + 2) {
    let power = order % 2 ? u : 1, sign = Math.ceil(order / 2) % 2 ? -1 : 1;
    for (let k = Math.ceil(order / 2); k < order + 30; k++) {
      let factor = 1;
      for (let j = 0; j < order; j++) factor *= 2 * k - j;
      z += sign * factor / factorial(2 * k + 1) * power;
      power *= u * u; sign = -sign;
    }
    return z * Math.pow(Math.PI, order);
  }
  z = Math.sin(u) / u;
  for (let n = 1; n <= order; n++) z = (sine(x, n) - n * z) / u;
  return z * Math.pow(Math.PI, order);
}
