/** Draws vehicles as oriented quads, instanced, in one call; positions are mixed on the card. */
import type { CustomLayerInterface, CustomRenderMethodInput, Map as MapLibre } from "maplibre-gl";
import { UNITS_PER_MERCATOR } from "../live/frames";
import { INSTANCE_BYTES, type Motion } from "../live/motion";
import { VEHICLE } from "./palette";

const VERTEX = `#version 300 es
precision highp float;
in vec2 a_corner;
in vec2 a_from;
in vec2 a_to;
in vec4 a_look;
in float a_flags;
uniform mat4 u_matrix;
uniform float u_mix;
uniform float u_units_per_metre;
uniform float u_pixels_per_unit;
uniform vec2 u_smallest;
uniform vec3 u_standing;
uniform vec3 u_slow;
uniform vec3 u_fast;
out vec2 v_at;
out vec2 v_half;
out vec3 v_colour;
out float v_flags;
const float TURN = 6.283185307;

void main() {
  vec2 front = mix(a_from, a_to, u_mix);
  float first = a_look.x * 255.0 / 256.0 * TURN;
  float last = a_look.y * 255.0 / 256.0 * TURN;
  vec2 heading = mix(vec2(cos(first), sin(first)), vec2(cos(last), sin(last)), u_mix);
  heading = normalize(heading + vec2(1e-6, 0.0));
  vec2 ahead = vec2(heading.x, -heading.y);
  vec2 aside = vec2(heading.y, heading.x);

  float metres = a_look.w * 255.0 / 5.0;
  bool emergency = mod(floor(a_flags / 2.0), 2.0) > 0.5;
  vec2 truth = vec2(metres, metres > 8.0 ? 2.5 : 1.9) * u_units_per_metre * u_pixels_per_unit;
  vec2 least = u_smallest * (emergency ? 1.8 : 1.0);
  vec2 size = max(truth, least);
  // A vehicle larger on the screen than in truth grows around its true centre.
  vec2 centre = front - ahead * truth.x / u_pixels_per_unit * 0.5;
  v_half = size * 0.5;
  v_at = a_corner * (v_half + 1.0);
  vec2 place = centre + (ahead * v_at.x + aside * v_at.y) / u_pixels_per_unit;
  gl_Position = u_matrix * vec4(place, 0.0, 1.0);

  float speed = a_look.z * 255.0 / 5.0;
  v_colour = speed < 4.0 ? mix(u_standing, u_slow, speed / 4.0)
                         : mix(u_slow, u_fast, clamp((speed - 4.0) / 8.0, 0.0, 1.0));
  v_flags = a_flags;
}`;

const FRAGMENT = `#version 300 es
precision highp float;
in vec2 v_at;
in vec2 v_half;
in vec3 v_colour;
in float v_flags;
out vec4 colour;

void main() {
  float radius = min(v_half.x, v_half.y) * 0.75;
  vec2 q = abs(v_at) - v_half + radius;
  float distance = length(max(q, 0.0)) + min(max(q.x, q.y), 0.0) - radius;
  float cover = clamp(0.5 - distance, 0.0, 1.0);
  if (cover <= 0.0) discard;
  vec3 paint = v_colour;
  float along = v_at.x / v_half.x;
  if (v_half.x > 5.0) {
    // Windscreen ahead, tail lights behind when standing.
    float glass = step(0.12, along) * step(along, 0.52) * step(abs(v_at.y), v_half.y * 0.78);
    paint = mix(paint, vec3(0.05, 0.08, 0.11), glass * 0.8);
    if (mod(v_flags, 2.0) > 0.5 && along < -0.82) paint = vec3(1.0, 0.16, 0.16);
  }
  if (mod(floor(v_flags / 2.0), 2.0) > 0.5) {
    paint = along > 0.0 ? vec3(0.25, 0.45, 1.0) : vec3(1.0);
  }
  // A dark edge keeps vehicles apart from one another and from the road.
  paint = mix(paint, vec3(0.03, 0.05, 0.07), smoothstep(-1.4, -0.4, distance) * step(2.2, v_half.y));
  colour = vec4(paint * cover, cover);
}`;

interface Program {
  readonly program: WebGLProgram;
  readonly vao: WebGLVertexArrayObject;
  readonly instances: WebGLBuffer;
  readonly uniform: (name: string) => WebGLUniformLocation | null;
}

export class VehicleLayer implements CustomLayerInterface {
  readonly id = "vehicles";
  readonly type = "custom" as const;
  readonly renderingMode = "2d" as const;
  readonly #motion: Motion;
  #map: MapLibre | null = null;
  #gl: Program | null = null;
  #uploaded: ArrayBuffer | null = null;
  #dirty = false;
  /** Size of the smallest vehicles, 1 on a desk, more on a wall. */
  size = 1;

  constructor(motion: Motion) {
    this.#motion = motion;
  }

  /** How many vehicles are drawn. */
  get count(): number {
    return this.#motion.count;
  }

  /** A new frame is in the motion: upload it at the next drawing. */
  update(): void {
    this.#dirty = true;
    this.#map?.triggerRepaint();
  }

  onAdd(map: MapLibre, gl: WebGL2RenderingContext | WebGLRenderingContext): void {
    this.#map = map;
    // MapLibre 6 always hands in a WebGL 2 context.
    this.#gl = build(gl as WebGL2RenderingContext);
    this.#dirty = true;
  }

  onRemove(_map: MapLibre, gl: WebGL2RenderingContext | WebGLRenderingContext): void {
    if (this.#gl) {
      gl.deleteProgram(this.#gl.program);
      gl.deleteBuffer(this.#gl.instances);
      (gl as WebGL2RenderingContext).deleteVertexArray(this.#gl.vao);
    }
    this.#gl = null;
    this.#map = null;
  }

  render(
    context: WebGL2RenderingContext | WebGLRenderingContext,
    args: CustomRenderMethodInput,
  ): void {
    const gl = context as WebGL2RenderingContext;
    const motion = this.#motion;
    if (!this.#gl || !this.#map || motion.count === 0) return;
    const now = performance.now();
    const { program, vao, instances, uniform } = this.#gl;
    gl.useProgram(program);
    gl.bindVertexArray(vao);
    if (this.#dirty || this.#uploaded !== motion.bytes) {
      gl.bindBuffer(gl.ARRAY_BUFFER, instances);
      const valid = new Uint8Array(motion.bytes, 0, motion.count * INSTANCE_BYTES);
      gl.bufferData(gl.ARRAY_BUFFER, valid, gl.STREAM_DRAW);
      this.#uploaded = motion.bytes;
      this.#dirty = false;
    }
    const zoom = this.#map.getZoom();
    const latitude = Math.cosh(Math.PI * (1 - 2 * motion.originY));
    gl.uniformMatrix4fv(
      uniform("u_matrix"),
      false,
      localMatrix(args.defaultProjectionData.mainMatrix, motion.originX, motion.originY),
    );
    gl.uniform1f(uniform("u_mix"), motion.mix(now));
    gl.uniform1f(uniform("u_units_per_metre"), (latitude * UNITS_PER_MERCATOR) / 40_075_016.686);
    gl.uniform1f(uniform("u_pixels_per_unit"), (512 * 2 ** zoom) / UNITS_PER_MERCATOR);
    gl.uniform2fv(uniform("u_smallest"), smallest(zoom, this.size));
    gl.uniform3fv(uniform("u_standing"), rgb(VEHICLE.standing));
    gl.uniform3fv(uniform("u_slow"), rgb(VEHICLE.slow));
    gl.uniform3fv(uniform("u_fast"), rgb(VEHICLE.fast));
    gl.disable(gl.DEPTH_TEST);
    gl.disable(gl.CULL_FACE);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, motion.count);
    gl.bindVertexArray(null);
    if (motion.moving(now)) this.#map.triggerRepaint();
  }
}

/** Least length and width on the screen, pixels: points from afar that do not hide the roads. */
function smallest(zoom: number, size: number): [number, number] {
  const near = Math.min(1, Math.max(0, (zoom - 12) / 4));
  return [(2 + 5 * near) * size, (1.5 + 1.7 * near) * size];
}

/** The map's matrix for positions in units from an origin; multiplied in double precision. */
export function localMatrix(matrix: ArrayLike<number>, x: number, y: number): Float32Array {
  const at = (k: number): number => matrix[k] ?? 0;
  const local = new Float32Array(16);
  for (let row = 0; row < 4; row++) {
    local[row] = at(row) / UNITS_PER_MERCATOR;
    local[4 + row] = at(4 + row) / UNITS_PER_MERCATOR;
    local[8 + row] = at(8 + row);
    local[12 + row] = at(12 + row) + at(row) * x + at(4 + row) * y;
  }
  return local;
}

function rgb(hex: string): [number, number, number] {
  const value = Number.parseInt(hex.slice(1), 16);
  return [(value >> 16) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
}

function build(gl: WebGL2RenderingContext): Program {
  const program = gl.createProgram();
  for (const [kind, source] of [
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, FRAGMENT],
  ] as const) {
    const shader = gl.createShader(kind);
    if (!shader) throw new Error("WebGL gave no shader");
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
    throw new Error(`the vehicle shader does not link: ${gl.getProgramInfoLog(program)}`);
  }
  const vao = gl.createVertexArray();
  gl.bindVertexArray(vao);
  gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
  gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([-1, -1, 1, -1, -1, 1, 1, 1]), gl.STATIC_DRAW);
  attribute(gl, program, "a_corner", 2, gl.FLOAT, 8, 0, 0);
  const instances = gl.createBuffer();
  gl.bindBuffer(gl.ARRAY_BUFFER, instances);
  attribute(gl, program, "a_from", 2, gl.FLOAT, INSTANCE_BYTES, 0, 1);
  attribute(gl, program, "a_to", 2, gl.FLOAT, INSTANCE_BYTES, 8, 1);
  attribute(gl, program, "a_look", 4, gl.UNSIGNED_BYTE, INSTANCE_BYTES, 16, 1);
  attribute(gl, program, "a_flags", 1, gl.UNSIGNED_BYTE, INSTANCE_BYTES, 20, 1);
  gl.bindVertexArray(null);
  const found = new Map<string, WebGLUniformLocation | null>();
  const uniform = (name: string): WebGLUniformLocation | null => {
    if (!found.has(name)) found.set(name, gl.getUniformLocation(program, name));
    return found.get(name) ?? null;
  };
  return { program, vao, instances, uniform };
}

function attribute(
  gl: WebGL2RenderingContext,
  program: WebGLProgram,
  name: string,
  size: number,
  type: number,
  stride: number,
  offset: number,
  divisor: number,
): void {
  const at = gl.getAttribLocation(program, name);
  // Looks are normalised to 0..1; flags are kept as whole numbers.
  const normalised = type === gl.UNSIGNED_BYTE && size === 4;
  gl.enableVertexAttribArray(at);
  gl.vertexAttribPointer(at, size, type, normalised, stride, offset);
  gl.vertexAttribDivisor(at, divisor);
}
