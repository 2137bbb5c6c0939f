#!/usr/bin/env bash
# Makes socketsync_VERSION_ARCH.deb out of the server as a single file, with dpkg-deb alone.
#
#   deb.sh [--arch amd64|arm64] [--from FOLDER] [--output FOLDER]
#
# --from names what "dotnet publish -p:PublishSingleFile=true" has left; without it the script publishes. DEB_COMPRESSION
# (xz) and DEB_LEVEL are passed to dpkg-deb. The same sources give the same bytes: dates are those of the last commit, or
# of SOURCE_DATE_EPOCH.
#
# It lies here, beside the program whose package it makes, and what goes into the package lies in debian/.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../../.." && pwd)
arch=$(dpkg --print-architecture)
from=
output=$PWD
while [ $# -gt 0 ]; do
    case $1 in
    --arch) arch=$2 ;;
    --from) from=$(cd "$2" && pwd) ;;
    --output) mkdir -p "$2"; output=$(cd "$2" && pwd) ;;
    *) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0" >&2; exit 2 ;;
    esac
    shift 2
done
case $arch in
amd64) runtime=linux-x64 ;;
arm64) runtime=linux-arm64 ;;
*) echo "deb.sh: there is no package for $arch, only for amd64 and arm64" >&2; exit 2 ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "$from" ]; then
    from=$work/published
    dotnet publish "$repository/src/SocketSync.Server" -c Release -r "$runtime" -p:PublishSingleFile=true -o "$from"
fi

version=$(sed -nE 's#.*<Version>(.*)</Version>.*#\1#p' "$repository/Directory.Build.props")
: "${SOURCE_DATE_EPOCH:=$(git -C "$repository" log -1 --format=%ct 2>/dev/null || date +%s)}"
export SOURCE_DATE_EPOCH
root=$work/root
docs=$root/usr/share/doc/socketsync

umask 022
mkdir -p "$root"/{DEBIAN,etc/socketsync,usr/bin,usr/lib/socketsync,usr/share/socketsync} "$docs" \
    "$root/usr/share/man/man1" "$root/usr/share/bash-completion/completions" "$root/usr/lib/systemd/system"

# The program. Beside it stands, as a link, the configuration of the machine, which is read where none is named.
install -m 755 "$from/SocketSync.Server" "$root/usr/lib/socketsync/socketsync"
install -m 644 "$from"/*.so "$root/usr/lib/socketsync/"
ln -s /etc/socketsync/appsettings.json "$root/usr/lib/socketsync/appsettings.json"
ln -s ../lib/socketsync/socketsync "$root/usr/bin/socketsync"

# The configuration, and the schema by which editors explain it.
install -m 644 "$repository/docs/appsettings.schema.json" "$root/usr/share/socketsync/"
sed 's#"docs/appsettings.schema.json"#"file:///usr/share/socketsync/appsettings.schema.json"#' \
    "$repository/appsettings.json" >"$root/etc/socketsync/appsettings.json"

# The unit of docs/systemd, for the program where it lies here, and as the user that postinst adds.
sed -e '1,/^$/d' \
    -e 's#^Description=.*#&\nDocumentation=man:socketsync(1)#' \
    -e 's#^ExecStart=.*#ExecStart=/usr/bin/socketsync --config /etc/socketsync/appsettings.json#' \
    -e 's#^\# A user of its own, .*#\# A user of its own, which owns nothing but its folder in /var/log, for the journal.#' \
    -e 's#^DynamicUser=yes#User=socketsync\nGroup=socketsync\nLogsDirectory=socketsync#' \
    "$repository/docs/systemd/socketsync.service" >"$root/usr/lib/systemd/system/socketsync.service"

# The manual, which names the command and its files as they lie here.
sed -E -e 's#SocketSync\.Server#socketsync#g' \
    -e 's#^\.I appsettings\.json#.I /etc/socketsync/appsettings.json#' \
    -e 's#^Beside the program: the configuration#The configuration#' \
    -e 's#^\.I (source )?docs/completion\.bash#.I \1/usr/share/bash-completion/completions/socketsync#' \
    -e 's#^\.I docs/systemd/#.I /usr/lib/systemd/system/#' \
    "$repository/docs/socketsync.1" | gzip -9n >"$root/usr/share/man/man1/socketsync.1.gz"
sed 's#SocketSync\.Server#socketsync#g' "$repository/docs/completion.bash" >"$root/usr/share/bash-completion/completions/socketsync"

cp "$here/debian/copyright" "$docs/copyright"
gzip -9n <"$repository/CHANGELOG.md" >"$docs/NEWS.md.gz"
gzip -9n >"$docs/changelog.gz" <<END
socketsync ($version) unstable; urgency=medium

  * What has changed is told in /usr/share/doc/socketsync/NEWS.md.gz.

 -- The SocketSync authors <socketsync@localhost>  $(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")
END

install -m 755 "$here"/debian/{postinst,prerm,postrm} "$root/DEBIAN/"
echo /etc/socketsync/appsettings.json >"$root/DEBIAN/conffiles"
size=$(du -sk --apparent-size --exclude=DEBIAN "$root" | cut -f1)
sed -e "s/@VERSION@/$version/" -e "s/@ARCH@/$arch/" -e "s/@SIZE@/$size/" "$here/debian/control" >"$root/DEBIAN/control"
(cd "$root" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"

dpkg-deb --root-owner-group -Z"${DEB_COMPRESSION:-xz}" ${DEB_LEVEL:+-z"$DEB_LEVEL"} --build "$root" "$output/socketsync_${version}_$arch.deb"
