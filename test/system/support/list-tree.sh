#!/bin/sh
# A folder as its programs see it, through links: sha256, x or -, path of every file; and every empty folder. `.holdline` is left out.
cd "$1" || exit 1
find -L . -path ./.holdline -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum | sed 's/^\\//'
find -L . -path ./.holdline -prune -o -type f -perm -100 -print | LC_ALL=C sort | sed 's/^/x /'
find -L . -path ./.holdline -prune -o -type d -empty -print | LC_ALL=C sort | sed 's/^/empty /'
find -L . -path ./.holdline -prune -o -type l -print | LC_ALL=C sort | sed 's/^/dangling /'
