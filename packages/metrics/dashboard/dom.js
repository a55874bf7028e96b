// Builds elements. All text goes in as text: nothing that a peer has written can become markup.

/** An element with properties, `data-` and `aria-` attributes, and children; strings become text. */
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.includes("-") || key === "role" || key === "scope") made.setAttribute(key, value);
    else made[key] = value;
  }
  made.append(...children);
  return made;
}

export function byId(id) {
  return document.getElementById(id);
}

/** Changes text only where it differs, so that a selection or a screen reader is not disturbed. */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}
