// The net of the playground, and how it learns; it knows nothing of the page. Layers are { w, b, name }. Numbers go
// through them in columns, one number a point. Activations and losses are rows of the table: row("tanh") is [forward, rule].

const four = (x) => Number(x.toFixed(4)); // decimals that are kept, so that the program of the page is short

// Layers of random weights. sizes: { count, name } of each layer, name its activation
function random_layers(sizes, random) {
  return sizes.map(({ count, name }, c) => {
    const before = c ? sizes[c - 1].count : 2, reach = Math.sqrt(3 / before);
    const weights = () => Array.from({ length: before }, () => four((2 * random() - 1) * reach));
    return { w: Array.from({ length: count }, weights), b: new Array(count).fill(0), name };
  });
}

function learning_net(layers, row) {
  const LINEAR = [(x) => x, (g) => g];
  const activation = (name) => name ? row(name) : LINEAR;
  const like = (number) => layers.map(({ w, b, name }) => ({ w: w.map((each) => each.map(number)), b: b.map(number), name }));
  const zeros = () => like(() => 0);
  const begin = like((x) => x), velocity = zeros(), curve = []; // curve: [training loss, test loss] after each step
  let steps = 0;

  function forward(inputs) { // sums and activations of all layers; the activations begin with the inputs
    const sums = [], outputs = [inputs], n = inputs[0].length;
    for (const { w, b, name } of layers) {
      const before = outputs.at(-1), [f] = activation(name);
      const z = w.map((weights, j) => {
        const column = new Float64Array(n).fill(b[j]);
        for (let k = 0; k < before.length; k++) {
          const x = weights[k], a = before[k];
          for (let i = 0; i < n; i++) column[i] += x * a[i];
        }
        return column;
      });
      sums.push(z);
      outputs.push(name ? z.map((column) => applied(f, column)) : z);
    }
    return { sums, outputs };
  }

  function applied(f, column) {
    const a = new Float64Array(column.length);
    for (let i = 0; i < a.length; i++) a[i] = f(column[i]);
    return a;
  }

  const columns = (points) => [Float64Array.from(points, (p) => p.x), Float64Array.from(points, (p) => p.y)];
  // What the loss of one point is a row of, given the output and the side that is wanted, and its slope by the output
  const OF_LOSS = {
    square: [(a, y) => a - y, () => 1],
    softplus: [(a, y) => -y * a, (y) => -y],
    relu: [(a, y) => 1 - y * a, (y) => -y],
  };
  function loss(points, kind) {
    if (!points.length) return NaN;
    const out = forward(columns(points)).outputs.at(-1)[0], [inner] = OF_LOSS[kind], [f] = row(kind);
    return points.reduce((sum, point, i) => sum + f(inner(out[i], point.side)), 0) / points.length;
  }

  function backward(points, kind) { // gradients of the mean loss, and δ of every neuron for every point
    const { sums, outputs } = forward(columns(points)), n = points.length;
    const [inner, by] = OF_LOSS[kind], [f, rule] = row(kind);
    let arriving = [Float64Array.from(points, ({ side }, i) => {
      const u = inner(outputs.at(-1)[0][i], side);
      return rule(1, f(u), u) * by(side);
    })];
    const grads = zeros(), deltas = [];
    for (let c = layers.length - 1; c >= 0; c--) {
      const { w, name } = layers[c], [, slope] = activation(name), before = outputs[c];
      const delta = deltas[c] = arriving.map((g, j) => g.map((x, i) => slope(x, outputs[c + 1][j][i], sums[c][j][i])));
      arriving = before.map((_, k) => {
        const column = new Float64Array(n);
        delta.forEach((d, j) => { const x = w[j][k]; for (let i = 0; i < n; i++) column[i] += x * d[i]; });
        return column;
      });
      delta.forEach((d, j) => {
        before.forEach((a, k) => {
          let sum = 0;
          for (let i = 0; i < n; i++) sum += d[i] * a[i];
          grads[c].w[j][k] = sum / n;
        });
        grads[c].b[j] = d.reduce((sum, x) => sum + x, 0) / n;
      });
    }
    return { sums, outputs, deltas, grads };
  }

  function step(training, testing, { eta, momentum, batch, kind }) { // on the next batch, in the order of the points
    if (!training.length || !(eta > 0)) return;
    const record = () => curve.push([loss(training, kind), loss(testing, kind)]);
    if (!curve.length) record();
    const first = steps * batch % training.length, count = Math.min(batch, training.length);
    const { grads } = backward(Array.from({ length: count }, (_, i) => training[(first + i) % training.length]), kind);
    const move = (numbers, speeds, slopes) => slopes.forEach((g, k) => {
      speeds[k] = momentum * speeds[k] + g;
      numbers[k] -= eta * speeds[k];
    });
    layers.forEach(({ w, b }, c) => {
      w.forEach((weights, j) => move(weights, velocity[c].w[j], grads[c].w[j]));
      move(b, velocity[c].b, grads[c].b);
    });
    steps++;
    record();
  }

  return { layers, begin, curve, zeros, forward, backward, loss, step, get steps() { return steps; } };
}
