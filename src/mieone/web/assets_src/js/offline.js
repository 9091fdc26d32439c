// Says clearly when the line is gone, and takes it back when it returns.
export function startOfflineNote() {
  const note = document.querySelector("[data-offline]");
  if (!note) return;
  const show = () => {
    note.hidden = navigator.onLine;
  };
  addEventListener("online", show);
  addEventListener("offline", show);
  show();
}
