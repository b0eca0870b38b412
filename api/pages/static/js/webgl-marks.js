// Marks of a map in WebGL 2: one point sprite per recipe, its shape a distance function.
//
// Why no library: deck.gl, which also runs without `unsafe-eval`, is 2.1 MB of script for one draw
// call, and has its own gestures, while this site already uses d3-zoom for hit testing, pinch and
// keyboard; Plotly is 4.8 MB; regl needs `unsafe-eval`. The shader has the six shapes of
// shared/marks.js, so that the legend, the report and the map agree.

const SHAPES = ["circle", "square", "triangle", "diamond", "cross", "ring"];

const VERTEX = `#version 300 es
layout(location=0) in vec2 from;
layout(location=1) in vec2 to;
layout(location=2) in vec2 present;   // on the old map, on the new one
layout(location=3) in float kind;     // class of the field that colors the map
layout(location=4) in vec2 look;      // opacity, and whether raised
uniform vec2 size;                    // of the stage, CSS pixels
uniform vec2 center;                  // of the layout on it
uniform vec3 view;                    // scale, x, y
uniform float halfSide, ratio, morph, pass;
uniform vec2 radii;                   // plain, raised
uniform vec3 colors[16];
uniform float shapes[16];
out vec3 color;
out float opacity, radius;
flat out int shape;
void main() {
  int g = int(kind);
  vec2 place = mix(from, to, morph);
  vec2 pixel = (center + vec2(place.x, -place.y) * halfSide) * view.x + view.yz;
  gl_Position = vec4(pixel / size * vec2(2., -2.) + vec2(-1., 1.), 0., 1.);
  opacity = look.x * mix(present.x, present.y, morph);
  radius = (look.y > .5 ? radii.y : radii.x) * ratio;
  gl_PointSize = (radius * 1.35 + 1.) * 2.;
  if (abs(look.y - pass) > .5 || opacity < .004) gl_Position = vec4(2., 2., 2., 1.);
  color = colors[g];
  shape = int(shapes[g]);
}`;

const FRAGMENT = `#version 300 es
precision highp float;
in vec3 color;
in float opacity, radius;
flat in int shape;
uniform vec3 paper;
uniform float ratio;
out vec4 result;
float box(vec2 p, vec2 b) { vec2 d = abs(p) - b; return length(max(d, 0.)) + min(max(d.x, d.y), 0.); }
float edge(vec2 p) {
  if (shape == 1) return box(p, vec2(.89));
  if (shape == 2) {
    float side = dot(vec2(abs(p.x), p.y) - vec2(0., -1.3), normalize(vec2(2.08, -1.17)));
    return max(side, p.y - .78);
  }
  if (shape == 3) return dot(vec2(abs(p.x), abs(p.y)) - vec2(1.12, 0.), normalize(vec2(1.32, 1.12)));
  if (shape == 4) return min(box(p, vec2(1.2, .42)), box(p, vec2(.42, 1.2)));
  if (shape == 5) return abs(length(p) - .825) - .275;
  return length(p) - 1.;
}
void main() {
  vec2 p = (gl_PointCoord * 2. - 1.) * (radius * 1.35 + 1.) / radius;
  float d = edge(p) * radius;     // in device pixels
  float inside = clamp(.5 - d, 0., 1.);
  float rim = radius > 2.2 * ratio && shape != 5 ? .6 * ratio : 0.;
  float outer = clamp(.5 - d + rim, 0., 1.);
  float alpha = outer * opacity;
  if (alpha < .004) discard;
  result = vec4(mix(paper, color, inside / max(outer, .001)) * alpha, alpha);
}`;

export class WebglMarks {
  /** @returns a painter, or null where there is no WebGL 2 */
  static create(model) {
    const canvas = document.createElement("canvas");
    const gl = canvas.getContext("webgl2", { antialias: false, premultipliedAlpha: true });
    return gl && new WebglMarks(model, canvas, gl);
  }

  constructor(model, canvas, gl) {
    Object.assign(this, { model, canvas, gl, slow: false });
    this.start();
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    canvas.addEventListener("webglcontextrestored", () => {
      this.start();
      if (this.map) {
        this.place(this.map);
        this.theme(this.map);
        this.map.draw();
      }
    });
  }

  start() {
    const { gl } = this;
    const program = gl.createProgram();
    for (const [kind, source] of [
      [gl.VERTEX_SHADER, VERTEX],
      [gl.FRAGMENT_SHADER, FRAGMENT],
    ]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
      throw new Error(`The map's shader does not link: ${gl.getProgramInfoLog(program)}`);
    }
    gl.useProgram(program);
    this.uniform = (name) => gl.getUniformLocation(program, name);
    this.buffers = [2, 2, 2, 1, 2].map((size, location) => {
      const buffer = gl.createBuffer();
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.enableVertexAttribArray(location);
      gl.vertexAttribPointer(location, size, gl.FLOAT, false, 0, 0);
      return buffer;
    });
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  fill(location, values) {
    const { gl } = this;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[location]);
    gl.bufferData(gl.ARRAY_BUFFER, values, gl.DYNAMIC_DRAW);
  }

  /** Upload a map's positions, and the previous ones to animate from. */
  place(map, before = map) {
    this.map = map;
    const { total } = this.model;
    const pairs = (first, second) => {
      const values = new Float32Array(2 * total);
      for (let i = 0; i < total; i++) {
        values[2 * i] = first(i);
        values[2 * i + 1] = second(i);
      }
      return values;
    };
    // A mark missing from one map fades in or out at its position on the other.
    const or =
      (one, other, scale = 1) =>
      (i) =>
        one[i] === null ? (other[i] ?? 0) : one[i] * scale;
    this.fill(0, pairs(or(before.x, map.x, before.scale), or(before.y, map.y, before.scale)));
    this.fill(1, pairs(or(map.x, before.x), or(map.y, before.y)));
    this.fill(
      2,
      pairs(
        (i) => Number(before.x[i] !== null),
        (i) => Number(map.x[i] !== null),
      ),
    );
    this.filtered();
  }

  filtered() {
    const look = new Float32Array(2 * this.model.total);
    for (let i = 0; i < this.model.total; i++) {
      look[2 * i] = this.model.opacity(i, this.map.dense);
      look[2 * i + 1] = this.model.raised(i);
    }
    this.fill(4, look);
    const all = this.model.order.length === this.model.total && !this.model.reach;
    this.passes = all ? [1] : [0, 1];
  }

  theme({ paper, colors }) {
    const numbers = (text) => {
      const { r, g, b } = d3.rgb(text);
      return [r / 255, g / 255, b / 255];
    };
    const { classes, of } = this.model.field;
    this.fill(3, Float32Array.from(of));
    this.gl.uniform1fv(
      this.uniform("shapes"),
      classes.map(({ shape }) => SHAPES.indexOf(shape)),
    );
    this.gl.uniform3fv(this.uniform("paper"), numbers(paper));
    this.gl.uniform3fv(this.uniform("colors"), colors.flatMap(numbers));
  }

  draw({ map, radius, litRadius, morph }) {
    const { gl } = this;
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniform2f(this.uniform("size"), map.width, map.height);
    gl.uniform2f(this.uniform("center"), map.centerX, map.centerY);
    gl.uniform3f(this.uniform("view"), map.transform.k, map.transform.x, map.transform.y);
    gl.uniform2f(this.uniform("radii"), radius, litRadius);
    for (const [name, value] of [
      ["halfSide", map.half],
      ["ratio", map.ratio],
      ["morph", morph],
    ]) {
      gl.uniform1f(this.uniform(name), value);
    }
    // Raised marks over the others.
    for (const pass of this.passes) {
      gl.uniform1f(this.uniform("pass"), pass);
      gl.drawArrays(gl.POINTS, 0, this.model.total);
    }
  }
}
