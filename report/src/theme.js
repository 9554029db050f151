// Colours (Okabe and Ito's, which colour-blind readers tell apart), dashes and markers. In the page colours are those of
// the style sheet, so that light, dark and print are its matter alone; for files they are written out.

const paper = {
  ink: "#1b1b1b", soft: "#5c5c5c", rule: "#d9d9d9", ground: "#ffffff",
  blue: "#0072b2", red: "#c44e00", green: "#007d5c", pink: "#b0568a", amber: "#b87a00", sky: "#3d8fc4", grey: "#767676",
  skyPale: "#c9dfef", greyPale: "#e4e4e4",
};

const names = Object.keys(paper);
const inPage = Object.fromEntries(names.map((name) => [name, `var(--${name})`]));

// From "a control flips more" to "main flips more"; the middle is near to the ground. These are mixed by the program, so
// the style sheet cannot have them.
const diverging = {
  light: ["#9a4a06", "#e3933f", "#f3f1ec", "#5f9fcc", "#084f93"],
  dark: ["#ffa869", "#a4622a", "#2a2d31", "#33719c", "#86ccf8"],
};
let printing = false;
export const isPrinting = (yes) => (printing = yes);
const isDark = () => !printing && typeof matchMedia !== "undefined" && matchMedia("(prefers-color-scheme: dark)").matches;

const sans = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', Arial, sans-serif";

export const themes = {
  page: { ...inPage, font: sans, get diverging() { return diverging[isDark() ? "dark" : "light"]; } },
  paper: { ...paper, font: "'Liberation Sans', Arial, Helvetica, sans-serif", diverging: diverging.light },
};

export function config(theme) {
  const text = { labelFont: theme.font, titleFont: theme.font };
  return {
    background: theme === themes.paper ? theme.ground : null,
    font: theme.font,
    view: { stroke: null },
    axis: {
      ...text, labelColor: theme.soft, titleColor: theme.ink, labelFontSize: 11, titleFontSize: 11.5,
      titleFontWeight: "normal", titlePadding: 6, domainColor: theme.soft, tickColor: theme.soft, tickSize: 4,
      gridColor: theme.rule, gridWidth: 0.6, labelPadding: 4,
    },
    header: {
      ...text, labelColor: theme.ink, labelFontSize: 12, labelFontWeight: 600, labelPadding: 4, titleColor: theme.ink,
      titleFontSize: 11.5, titleFontWeight: "normal",
    },
    legend: {
      ...text, labelColor: theme.ink, labelFontSize: 12, orient: "top", direction: "horizontal", title: null,
      symbolSize: 70, symbolStrokeWidth: 0, columnPadding: 18, offset: 6, labelLimit: 240,
    },
    title: { font: theme.font, color: theme.ink, fontSize: 12, fontWeight: 600, anchor: "start" },
    text: { font: theme.font, color: theme.ink, fontSize: 11 },
    rule: { color: theme.soft },
  };
}

/// How controls look, main first. What is not named here takes the looks behind, in order.
const looks = {
  main: { colour: "blue", dash: [1, 0], shape: "circle" },
  same_gold: { colour: "red", dash: [7, 3], shape: "square" },
  mean_shift: { colour: "green", dash: [3, 2], shape: "triangle-up" },
  norm_noise: { colour: "pink", dash: [8, 2, 2, 2], shape: "diamond" },
  random: { colour: "amber", dash: [1.5, 2], shape: "triangle-down" },
  other_gold: { colour: "sky", dash: [10, 3], shape: "cross" },
  same_language: { colour: "ink", dash: [5, 2, 1.5, 2], shape: "triangle-right" },
  self: { colour: "grey", dash: [1.5, 3], shape: "triangle-left" },
};
const others = [
  { colour: "amber", dash: [6, 2, 1, 2], shape: "cross" },
  { colour: "sky", dash: [2, 2], shape: "cross" },
  { colour: "green", dash: [10, 2], shape: "square" },
  { colour: "pink", dash: [4, 4], shape: "triangle-down" },
];

// A weaker main: a hue near to its own.
const doses = [
  { colour: "sky", dash: [2, 2], shape: "triangle-right" },
  { colour: "sky", dash: [4, 3], shape: "triangle-left" },
  { colour: "sky", dash: [8, 3], shape: "triangle-up" },
];

const order = Object.keys(looks);
export const inOrder = (controls) =>
  [...new Set(controls)].sort((a, b) => {
    const [i, j] = [order.indexOf(a), order.indexOf(b)].map((place) => (place < 0 ? order.length : place));
    return i - j || (a < b ? -1 : 1);
  });

/// Scales of colour, dash and shape for some controls.
export function controlScales(controls, theme) {
  let next = 0, dose = 0;
  const chosen = controls.map((control) =>
    looks[control] ?? (control.startsWith("dose") ? doses[dose++ % doses.length] : others[next++ % others.length]));
  return {
    colour: { domain: controls, range: chosen.map((look) => theme[look.colour]) },
    dash: { domain: controls, range: chosen.map((look) => look.dash) },
    shape: { domain: controls, range: chosen.map((look) => look.shape) },
  };
}
