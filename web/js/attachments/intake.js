// Files that come by drag and drop onto a form, or as pictures out of the clipboard.

const hasFiles = ({ dataTransfer }) => dataTransfer?.types.includes("Files");

/** What is dropped without its folders, which cannot be read as files. */
function droppedFiles({ items }) {
  const files = [...items].filter(({ kind }) => kind === "file");
  const isFolder = (item) => item.webkitGetAsEntry?.()?.isDirectory;
  return { files: files.filter((item) => !isFolder(item)).map((item) => item.getAsFile()), folders: files.filter(isFolder).length };
}

/** A picture out of the clipboard gets a name of its own: browsers call them all "image.png". */
function named(file, name) {
  const now = new Date();
  const two = (number) => String(number).padStart(2, "0");
  const time = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())} ${two(now.getHours())}.${two(now.getMinutes())}.${two(now.getSeconds())}`;
  return new File([file], `${name} ${time}.${file.type.split("/")[1].split("+")[0]}`, { type: file.type });
}

/**
 * Listens until `signal` ends it. `mark(isOver)` shows that files may be dropped; `take(files, folders)` gets them; `pictureName` is
 * how a pasted picture is called.
 */
export function takeFiles(form, { mark, take, pictureName, signal }) {
  const on = (target, names, listener) => names.forEach((name) => target.addEventListener(name, listener, { signal }));
  on(document, ["dragenter", "dragover"], (event) => {
    if (!hasFiles(event)) return;
    const isOver = form.contains(event.target);
    event.preventDefault(); // beside the form too, where a browser would leave the page and show the file
    event.dataTransfer.dropEffect = isOver ? "copy" : "none";
    mark(isOver);
  });
  on(document, ["dragleave"], ({ relatedTarget }) => {
    if (!relatedTarget) mark(false); // it left the window
  });
  on(document, ["drop"], (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    mark(false);
    if (!form.contains(event.target)) return;
    const { files, folders } = droppedFiles(event.dataTransfer);
    take(files, folders);
  });
  on(form, ["paste"], (event) => {
    const { types, files } = event.clipboardData;
    const pictures = [...files].filter(({ type }) => type.startsWith("image/"));
    if (pictures.length === 0 || types.includes("text/plain")) return; // text of an office program comes with a picture of itself
    event.preventDefault();
    take(pictures.map((picture) => named(picture, pictureName)), 0);
  });
}
