// Vehicles that follow one another and stop at red: enough life to build a page against.

const PHASES = [
  { name: "EW straight", duration: 33, axis: "x", directions: ["straight", "right"] },
  { name: "EW left", duration: 18, axis: "x", directions: ["left", "right"] },
  { name: "NS straight", duration: 33, axis: "y", directions: ["straight", "right"] },
  { name: "NS left", duration: 18, axis: "y", directions: ["left", "right"] },
];
const CYCLE = PHASES.reduce((sum, phase) => sum + phase.duration, 0);
const YELLOW = 3;
const GAP = 2.2;

function random(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export class Traffic {
  constructor(network, demand = 1) {
    this.network = network;
    this.random = random(7);
    this.demand = demand;
    this.controller = "fixed-time";
    this.t = 0;
    this.nextId = 1;
    this.finished = 0;
    this.waitingToEnter = 0;
    this.travelTime = 0;
    this.finishTimes = [];
    for (const link of network.links) {
      link.queues = [[], [], []];
      link.passed = [];
      link.history = [];
    }
    for (const turn of network.turns) turn.vehicles = [];
    this.history = [];
    this.phaseLog = network.junctions.map(() => []);
    this.changes = [[0, this.controller]];
  }

  phaseOf(junction) {
    const offset =
      this.controller === "fixed-time"
        ? junction.index * 13
        : (junction.column + junction.row) * 28;
    let rest = (this.t + offset) % CYCLE;
    for (let index = 0; index < PHASES.length; index++) {
      const { duration } = PHASES[index];
      if (rest < duration) return { index, elapsed: rest, remaining: duration - rest };
      rest -= duration;
    }
    return { index: 0, elapsed: 0, remaining: PHASES[0].duration };
  }

  greens(junction, index) {
    const { axis, directions } = PHASES[index];
    return junction.turns.filter((turn) => {
      const along = Math.abs(turn.from.direction[0]) > 0.5 ? "x" : "y";
      return turn.direction === "right" || (along === axis && directions.includes(turn.direction));
    });
  }

  aspect(turn) {
    if (turn.direction === "right") return 2;
    const phase = this.phaseOf(turn.junction);
    if (!this.greens(turn.junction, phase.index).includes(turn)) return 0;
    return phase.remaining <= YELLOW ? 1 : 3;
  }

  choose(link) {
    const weights = link.turns.map(
      (turn) => ({ straight: 5, left: 2, right: 2 })[turn.direction] * (turn.to.elevated ? 2 : 1),
    );
    let pick = this.random() * weights.reduce((sum, weight) => sum + weight, 0);
    for (let k = 0; k < link.turns.length; k++) {
      pick -= weights[k];
      if (pick < 0) return link.turns[k];
    }
    return link.turns[0];
  }

  enter() {
    const wave = 1 + 0.35 * Math.sin(this.t / 500);
    this.waitingToEnter += this.demand * wave * 2.6;
    for (let tries = 0; this.waitingToEnter >= 1 && tries < 8; tries++) {
      const links = this.network.links;
      const link = links[Math.floor(this.random() * links.length)];
      const turn = this.choose(link);
      const lane = link.queues[turn.lane];
      const last = lane.at(-1);
      if (last && last.s < 14) continue;
      const long = this.random() < 0.06;
      lane.push({
        id: this.nextId++,
        link,
        turn,
        s: 1,
        v: 8,
        length: long ? 11 : 4.6,
        hops: 4 + Math.floor(this.random() * 9),
        since: this.t,
        emergency: this.random() < 0.004,
      });
      this.waitingToEnter -= 1;
    }
  }

  follow(vehicle, leaderTail, leaderSpeed, limit, dt) {
    const gap = leaderTail - vehicle.s - GAP;
    const brake = 4.5;
    const safe =
      gap <= 0
        ? 0
        : -brake + Math.sqrt(brake * brake + leaderSpeed * leaderSpeed + 2 * brake * gap);
    vehicle.v = Math.max(0, Math.min(vehicle.v + 2 * dt, limit, safe));
    vehicle.s += vehicle.v * dt;
  }

  moveLane(link, lane, dt) {
    let tail = Number.POSITIVE_INFINITY;
    let speed = 0;
    for (const vehicle of lane) {
      if (tail === Number.POSITIVE_INFINITY) {
        const target = vehicle.turn.to.queues[vehicle.turn.lane].at(-1);
        const inside = vehicle.turn.vehicles.at(-1);
        const go = this.aspect(vehicle.turn) >= 2 && (!target || target.s - target.length > 6);
        if (!go) tail = link.length + GAP - 0.5;
        else if (inside) {
          tail = link.length + inside.s - inside.length;
          speed = inside.v;
        }
      }
      this.follow(vehicle, tail, speed, link.limit * (vehicle.emergency ? 1.2 : 1), dt);
      tail = vehicle.s - vehicle.length;
      speed = vehicle.v;
    }
    while (lane.length > 0 && lane[0].s >= link.length) this.leave(lane.shift());
  }

  leave(vehicle) {
    vehicle.link.passed.push(this.t);
    if (--vehicle.hops <= 0) {
      this.finished += 1;
      this.travelTime += this.t - vehicle.since;
      this.finishTimes.push(this.t);
      return;
    }
    vehicle.s -= vehicle.link.length;
    vehicle.turn.vehicles.push(vehicle);
  }

  moveTurn(turn, dt) {
    let tail = Number.POSITIVE_INFINITY;
    let speed = 0;
    for (const vehicle of turn.vehicles) {
      this.follow(vehicle, tail, speed, turn.direction === "straight" ? 14 : 8, dt);
      tail = vehicle.s - vehicle.length;
      speed = vehicle.v;
    }
    while (turn.vehicles.length > 0 && turn.vehicles[0].s >= turn.length) {
      const vehicle = turn.vehicles.shift();
      vehicle.s -= turn.length;
      vehicle.link = turn.to;
      turn.to.queues[turn.lane].push(vehicle);
      vehicle.turn = this.choose(turn.to);
      // The mock has no lane changes: a vehicle keeps its lane and takes what leaves from it.
      vehicle.turn = turn.to.turns.find((next) => next.lane === turn.lane) ?? vehicle.turn;
      if (vehicle.turn.lane !== turn.lane) vehicle.hops = 1;
    }
  }

  step(dt) {
    const second = Math.floor(this.t);
    this.t += dt;
    for (const turn of this.network.turns) if (turn.vehicles.length > 0) this.moveTurn(turn, dt);
    for (const link of this.network.links) {
      for (const lane of link.queues) if (lane.length > 0) this.moveLane(link, lane, dt);
    }
    if (Math.floor(this.t) > second) {
      this.enter();
      this.record();
    }
  }

  record() {
    this.network.junctions.forEach((junction, index) => {
      const { index: phase } = this.phaseOf(junction);
      const log = this.phaseLog[index];
      if (log.at(-1)?.[1] !== phase) log.push([Math.floor(this.t), phase]);
      if (log.length > 60) log.shift();
    });
    if (Math.floor(this.t) % 60 !== 0) return;
    const figures = this.figures();
    this.history.push([
      Math.floor(this.t),
      figures.running,
      figures.finished,
      figures.waiting_to_enter,
      figures.mean_speed,
      figures.delay_index,
      figures.throughput_per_hour,
    ]);
    for (const link of this.network.links) {
      const state = this.linkState(link);
      link.history.push([Math.floor(this.t), state.speed, state.count, this.flow(link)]);
    }
  }

  linkState(link) {
    const vehicles = link.queues.flat();
    const speed =
      vehicles.length > 0
        ? vehicles.reduce((sum, vehicle) => sum + vehicle.v, 0) / vehicles.length
        : null;
    return {
      speed,
      count: vehicles.length,
      waiting: vehicles.filter((vehicle) => vehicle.v < 0.1).length,
    };
  }

  flow(link) {
    while (link.passed.length > 0 && link.passed[0] < this.t - 300) link.passed.shift();
    return (link.passed.length * 3600) / Math.min(300, Math.max(this.t, 1));
  }

  all() {
    return [
      ...this.network.links.flatMap((link) => link.queues.flat()),
      ...this.network.turns.flatMap((turn) => turn.vehicles),
    ];
  }

  figures() {
    const vehicles = this.all();
    const speed = vehicles.reduce((sum, vehicle) => sum + vehicle.v, 0);
    const free = vehicles.reduce((sum, vehicle) => sum + vehicle.link.limit, 0);
    while (this.finishTimes.length > 0 && this.finishTimes[0] < this.t - 900)
      this.finishTimes.shift();
    return {
      running: vehicles.length,
      finished: this.finished,
      waiting_to_enter: Math.floor(this.waitingToEnter),
      mean_speed: vehicles.length > 0 ? speed / vehicles.length : 0,
      delay_index: speed > 0 ? free / speed : 1,
      throughput_per_hour: (this.finishTimes.length * 3600) / Math.min(900, Math.max(this.t, 1)),
      att_engine: this.finished > 0 ? this.travelTime / this.finished : 0,
    };
  }

  setController(id) {
    if (id === this.controller) return;
    this.controller = id;
    this.changes.push([Math.floor(this.t), id]);
  }

  phases(junction) {
    return PHASES.map(({ name, duration }, index) => ({
      index,
      name,
      duration,
      green: this.greens(junction, index).map((turn) => turn.index),
    }));
  }
}
