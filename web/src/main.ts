/** The entry: defines the page's elements. The server's shell holds `<command-centre>`. */
import "maplibre-gl/dist/maplibre-gl.css";
import "uplot/dist/uPlot.min.css";
// After the libraries' sheets, so that ours wins.
import "./styles/main.css";
import "./styles/tasks.css";
import { CityChart } from "./elements/city-chart";
import { ClosurePanel } from "./elements/closure-panel";
import { CommandCentre } from "./elements/command-centre";
import { ComparePanel } from "./elements/compare-panel";
import { CompareStage } from "./elements/compare-stage";
import { CongestionPanel } from "./elements/congestion-panel";
import { ControlBar } from "./elements/control-bar";
import { CorridorDiagram } from "./elements/corridor-diagram";
import { CorridorPanel } from "./elements/corridor-panel";
import { DispatchList } from "./elements/dispatch-list";
import { FigurePanel } from "./elements/figure-panel";
import { HelpDialog } from "./elements/help-dialog";
import { HistoryCharts } from "./elements/history-charts";
import { IncidentList } from "./elements/incident-list";
import { LinkCard } from "./elements/link-card";
import { MapLegend } from "./elements/map-legend";
import { MissionPanel } from "./elements/mission-panel";
import { SignalPlan } from "./elements/signal-plan";
import { StatusHeader } from "./elements/status-header";
import { TaskTabs } from "./elements/task-tabs";
import { WorstLinks } from "./elements/worst-links";
import { startLanguage } from "./i18n";
import iconUrl from "./icon.svg?url";
import { CityMap } from "./map/city-map";
import { startPalette } from "./map/palette";

declare global {
  interface HTMLElementTagNameMap {
    "city-chart": CityChart;
    "city-map": CityMap;
    "closure-panel": ClosurePanel;
    "congestion-panel": CongestionPanel;
    "command-centre": CommandCentre;
    "compare-panel": ComparePanel;
    "compare-stage": CompareStage;
    "control-bar": ControlBar;
    "corridor-diagram": CorridorDiagram;
    "corridor-panel": CorridorPanel;
    "dispatch-list": DispatchList;
    "figure-panel": FigurePanel;
    "help-dialog": HelpDialog;
    "history-charts": HistoryCharts;
    "incident-list": IncidentList;
    "link-card": LinkCard;
    "map-legend": MapLegend;
    "mission-panel": MissionPanel;
    "signal-plan": SignalPlan;
    "status-header": StatusHeader;
    "task-tabs": TaskTabs;
    "worst-links": WorstLinks;
  }
}

// The shell has no icon; without one, browsers ask for /favicon.ico in vain.
const icon = document.createElement("link");
icon.rel = "icon";
icon.href = iconUrl;
document.head.append(icon);

startLanguage();
startPalette();

for (const [name, element] of [
  ["city-chart", CityChart],
  ["map-legend", MapLegend],
  ["status-header", StatusHeader],
  ["control-bar", ControlBar],
  ["figure-panel", FigurePanel],
  ["history-charts", HistoryCharts],
  ["worst-links", WorstLinks],
  ["signal-plan", SignalPlan],
  ["link-card", LinkCard],
  ["help-dialog", HelpDialog],
  ["city-map", CityMap],
  ["task-tabs", TaskTabs],
  ["compare-panel", ComparePanel],
  ["compare-stage", CompareStage],
  ["corridor-panel", CorridorPanel],
  ["corridor-diagram", CorridorDiagram],
  ["dispatch-list", DispatchList],
  ["mission-panel", MissionPanel],
  ["closure-panel", ClosurePanel],
  ["incident-list", IncidentList],
  ["congestion-panel", CongestionPanel],
  // Last: it makes all the others.
  ["command-centre", CommandCentre],
] as const) {
  customElements.define(name, element);
}
