#!/bin/sh
# The independent judge: says OLD, NEW or BAD of a device as its programs see it. Shares nothing with holdline; only find,
# sha256sum and readlink. Usage: check-device.sh EXPECT APP STATE BACKUPS, with EXPECT/{old,new}.list made by `list-tree.sh`,
# EXPECT/{old,new}.form (plain or linked) and EXPECT/backups/*.list (what a whole backup may hold).
set -u
here=$(dirname "$0"); expect=$1 app=$2 state=$3 backups=$4
bad() { printf 'BAD %s\n' "$*"; exit 0; }

found=$("$here/list-tree.sh" "$app") || bad "cannot read $app"
for name in $(cd "$app" && find . -mindepth 1 -maxdepth 1 -printf '%P '); do
  case " src config VERSION notes.txt .holdline " in *" $name "*) ;; *) bad "left in the user's folder: $name" ;; esac
done

# Either all managed paths are the user's own, or all are our links through a `current` that selects a version directory.
plain=0 linked=0
for path in src config VERSION; do
  if [ -L "$app/$path" ]; then
    [ "$(readlink "$app/$path")" = ".holdline/current/$path" ] || bad "$path -> $(readlink "$app/$path")"
    linked=$((linked + 1))
  elif [ -e "$app/$path" ]; then plain=$((plain + 1)); else bad "$path is missing"; fi
done
[ $plain -eq 0 ] || [ $linked -eq 0 ] || bad "$plain paths are plain, $linked are links"
form=plain
if [ $linked -gt 0 ]; then
  form=linked
  target=$(readlink "$app/.holdline/current") || bad 'current is no link'
  case $target in versions/*/*) bad "current -> $target" ;; versions/*) ;; *) bad "current -> $target" ;; esac
  [ -d "$app/.holdline/$target" ] && [ ! -L "$app/.holdline/$target" ] || bad "current -> $target, which is no folder"
  record="$app/.holdline/records/${target#versions/}"
  [ -s "$record/record.json" ] && [ -s "$record/files.json" ] || bad "no record of $target"
fi

for backup in "$backups"/backup_*; do
  [ -e "$backup" ] || continue
  whole=no held=$("$here/list-tree.sh" "$backup")
  for list in "$expect"/backups/*.list; do [ "$held" = "$(cat "$list")" ] && whole=yes; done
  [ $whole = yes ] && [ -s "$backup/.holdline/backup.json" ] || bad "half a backup stands under its name: $backup"
done
if [ -e "$state/state.json" ]; then
  [ "$(tail -c 2 "$state/state.json" 2>/dev/null | tr -d '\n')" = '}' ] || bad 'state.json is torn'
fi

verdict=
for side in old new; do
  [ "$form" = "$(cat "$expect/$side.form")" ] && [ "$found" = "$(cat "$expect/$side.list")" ] && verdict="$verdict$side"
done
case $verdict in
  old) echo OLD ;;
  new) echo NEW ;;
  oldnew) echo SAME ;;
  *) bad "$form, differs from old: $(printf '%s\n' "$found" | diff "$expect/old.list" - | grep -c '^[<>]') lines, from new: $(printf '%s\n' "$found" | diff "$expect/new.list" - | head -4 | tr '\n' '|')" ;;
esac
