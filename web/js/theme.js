// Loaded blocking in <head>: the first paint must already have the visitor's colours and letters.
import { apply, kept, preferences } from "./preferences.js";

for (const name of Object.keys(preferences)) apply(name, kept(name));
// Lets the style sheets fold what a script can unfold again (menu), and show what needs a script (display settings).
document.documentElement.dataset.js = "";
