/** Where on the globe a vehicle of a frame is. */
import { MercatorCoordinate } from "maplibre-gl";
import { UNITS_PER_MERCATOR, type VehicleFrame } from "../live/frames";

/** Longitude and latitude of a vehicle, if the frame has it. */
export function placeOf(frame: VehicleFrame, id: number): [number, number] | null {
  const at = frame.id.indexOf(id);
  if (at < 0) return null;
  const x = frame.originX + (frame.position[2 * at] ?? 0) / UNITS_PER_MERCATOR;
  const y = frame.originY + (frame.position[2 * at + 1] ?? 0) / UNITS_PER_MERCATOR;
  const { lng, lat } = new MercatorCoordinate(x, y).toLngLat();
  return [lng, lat];
}
