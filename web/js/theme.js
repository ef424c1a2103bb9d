// Loaded blocking in <head>: the first paint must already have the visitor's colours and text size.
import { apply, load, preferences } from "./preferences.js";

for (const name of Object.keys(preferences)) apply(name, load(name));
// Lets the style sheets fold the menu, which a script can unfold again, and show the display settings, which need a script.
document.documentElement.dataset.js = "";
