#!/bin/sh
# Writes or removes the FreeSWITCH configuration snippet that registers one room at the central SIP registrar.
#
#   sofia-generator.sh ROOM         writes GATEWAY_DIR/conf_ROOM.xml with the gateway conf_ROOM
#   sofia-generator.sh ROOM del     removes it; a file that is gone already is no error
#   sofia-generator.sh --all del    removes those of all rooms, before FreeSWITCH starts: it starts without rooms
#
# Settings come from the environment; an empty one counts as unset:
#
#   SIP_REGISTRAR   required        host, host:port, [IPv6] or [IPv6]:port; up to nine, with spaces between them: the gateway
#                                   for the first is conf_ROOM, for the others conf_ROOM.2, conf_ROOM.3 …
#   SIP_PASSWORD    required        printable, no colon, at most 128 bytes
#   SIP_TRANSPORT   tcp             udp, tcp or tls
#   SIP_EXPIRES     60              seconds that a registration lasts, 5 to 86400
#   GATEWAY_DIR     /opt/freeswitch/conf/sip_profiles/external
#
# fsconfregger adds GATEWAY_MARK, and reads it in FreeSWITCH's list of gateways. Removing needs GATEWAY_DIR only, so that
# broken SIP settings keep no ended room registered.
# Exit status: 0 done; 1 the snippet could not be written or removed; 2 wrong arguments or settings. A sentence on stderr
# says why.
#
# FreeSWITCH loads the snippet when fsconfregger tells it to. The file is named after the gateway, conf_ROOM.xml and not
# ROOM.xml, so that it never overwrites or removes a file that an administrator made for a number of their own. A ROOM.xml
# that has the gateway conf_ROOM is removed: the Go daemon's script left it, and each rescan would load it.
#
# Rooms start in bursts of hundreds, so the shell does everything itself but the final mv or rm.

set -eu
# noclobber: creating the temporary file fails if something of that name exists, so that no link there is followed.
set -C
# Ranges in patterns and lengths mean bytes, whatever the caller's language. mv and rm are the system's.
LC_ALL=C
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
# The snippet holds a password, so others may not read it at any moment. The group may, as with FreeSWITCH's own files.
umask 027

complain() {
	printf '%s: %s\n' "${0##*/}" "$1" >&2
}

# For wrong arguments or settings. No message repeats a value: one is a password, and the others may hold anything. One
# character that is at fault is named.
refuse() {
	complain "$1"
	exit 2
}

give_up() {
	complain "$1"
	exit 1
}

# Refuses with the sentence $1, and names the first character of $2 that is none of $3, the inside of a bracket expression.
refuse_value() {
	# shellcheck disable=SC2295
	odd=${2#"${2%%[!$3]*}"}
	odd=${odd%"${odd#?}"}
	case $odd in
	'') ;;
	' ') odd='a space' ;;
	[[:cntrl:]]) odd='a line break or another control character' ;;
	[[:print:]]) odd="the character $odd" ;;
	*) odd='a character outside of ASCII' ;;
	esac
	refuse "$1${odd:+; it holds $odd}"
}

# Whether $1 has the characters of a room's name.
is_room_name() {
	case $1 in
	'' | [!A-Za-z0-9]* | *[!A-Za-z0-9._-]*) return 1 ;;
	esac
}

# Whether $1 is a whole number from $2 to $3 (of five digits at most).
is_number() {
	case $1 in
	'' | *[!0-9]* | 0?* | ??????*) return 1 ;;
	esac
	[ "$1" -ge "$2" ] && [ "$1" -le "$3" ]
}

# Whether $1 is a host name by SIP's grammar. FreeSWITCH does not answer the challenge of a registrar whose name breaks
# it, such as one with an underscore, and every registration ends with 401.
is_host_name() {
	case $1 in
	'' | *[!A-Za-z0-9.-]* | .* | *. | *..* | -* | *- | *.-* | *-.*) return 1 ;;
	esac
	case ${1##*.} in
	[A-Za-z]*) [ "${#1}" -le 253 ] ;;
	*) return 1 ;;
	esac
}

is_ipv4() {
	left=$1.
	for place in 1 2 3 4; do
		is_number "${left%%.*}" 0 255 || return 1
		left=${left#*.}
	done
	[ "${place}$left" = 4 ]
}

is_ipv6() {
	case $1 in
	*[!0-9A-Fa-f:]* | *:::* | *::*::* | :[!:]* | *[!:]:) return 1 ;;
	*[!:][!:][!:][!:][!:]*) return 1 ;;
	*:*:*:*:*:*:*:*:*) return 1 ;;
	*::*) return 0 ;;
	*:*:*:*:*:*:*:*) return 0 ;;
	*) return 1 ;;
	esac
}

# Sets $escaped to $1 as the value of an attribute. FreeSWITCH's preprocessor reads the raw lines first: it expands
# $${name}, and drops a line that holds <include>, </include>, <? or, in upper or lower case, X-PRE-PROCESS. The XML parser
# comes second and decodes character references. So whatever the preprocessor would act upon becomes a reference, too:
# every $, and a hyphen after an x.
escape() {
	escaped=$1
	case $1 in
	*[!A-Za-z0-9.]*) ;;
	*) return 0 ;;
	esac
	escaped=
	rest=$1
	while [ -n "$rest" ]; do
		tail=${rest#?}
		char=${rest%"$tail"}
		rest=$tail
		case $char in
		'&') char='&amp;' ;;
		'<') char='&lt;' ;;
		'>') char='&gt;' ;;
		'"') char='&quot;' ;;
		"'") char='&apos;' ;;
		'$') char='&#36;' ;;
		-) case $escaped in *[Xx]) char='&#45;' ;; esac ;;
		esac
		escaped=$escaped$char
	done
}

# Whether the regular file $1 has a line that matches the pattern $2.
holds() {
	[ -f "$1" ] && [ ! -L "$1" ] || return 1
	while read -r line || [ -n "$line" ]; do
		# shellcheck disable=SC2254
		case $line in
		$2) return 0 ;;
		esac
	done 2>/dev/null <"$1"
	return 1
}

# Whether another script has left $1.xml with the gateway conf_$1. Says so.
has_predecessor() {
	holds "$directory/$1.xml" "*name=[\"']conf_$1[\"']*" || return 1
	complain "removing $1.xml, another script's file with the gateway conf_$1"
}

# Whether process $1 may run, whichever user's it is. A zombie (Z, X) has ended: its parent has not taken note of it yet.
# In a sandbox, other users' processes are not seen in /proc, and kill may not reach them: only what kill calls missing is.
is_running() {
	if [ -r "/proc/$1/status" ]; then
		while read -r field value _; do
			case $field$value in
			State:[XZ]*) return 1 ;;
			State:*) return 0 ;;
			esac
		done 2>/dev/null <"/proc/$1/status"
		return 1
	fi
	case $(kill -0 "$1" 2>&1) in
	*'No such process'*) return 1 ;;
	esac
}

# --- Arguments

if [ $# -eq 2 ] && [ "$1" = --all ] && [ "$2" = del ]; then
	action='remove all'
elif [ $# -eq 2 ] && [ "$2" = del ]; then
	action='remove'
elif [ $# -eq 1 ]; then
	action='write'
else
	refuse 'the arguments must be ROOM, or ROOM or --all and the word del'
fi
room=$1
if [ "$action" != 'remove all' ]; then
	is_room_name "$room" ||
		refuse_value 'ROOM must begin with a letter or digit and hold only letters, digits, dot, underscore and hyphen' \
			"$room" A-Za-z0-9._-
	[ "${#room}" -le 64 ] || refuse 'ROOM must not be longer than 64 characters'
fi

# --- The directory and the files in it

directory=${GATEWAY_DIR:-/opt/freeswitch/conf/sip_profiles/external}
case $directory in
*[[:cntrl:]]*) refuse 'GATEWAY_DIR must not hold a line break or another control character' ;;
/*) ;;
*) refuse 'GATEWAY_DIR must be an absolute path (beginning with /)' ;;
esac
# Where FreeSWITCH is not configured yet, there is nothing to remove.
[ "$action" != 'remove all' ] || [ -e "$directory" ] || exit 0
[ -d "$directory" ] || give_up "GATEWAY_DIR is not a directory, or out of reach for this user: $directory"
if [ ! -w "$directory" ] || [ ! -x "$directory" ]; then
	give_up "GATEWAY_DIR must be writable for this user: $directory"
fi
snippet=$directory/conf_$room.xml
[ "$action" = 'remove all' ] || [ ! -d "$snippet" ] ||
	give_up "a directory is in the way, a file must be possible there: $snippet"

# A run that was killed outright has left its temporary file, .conf_ROOM.PROCESS.tmp, and there may be no further run for
# that room. So each run removes the temporary files of all rooms whose process has ended. The process is what follows the
# last dot, since a room may be named 1.2. A file that cannot be removed is no reason to fail; rm says why.
set --
for stale in "$directory"/.conf_*.tmp; do
	maker=${stale%.tmp}
	maker=${maker##*.}
	served=${stale#"$directory/.conf_"}
	served=${served%".$maker.tmp"}
	case $maker in
	'' | 0* | *[!0-9]*) continue ;;
	esac
	if ! is_room_name "$served" || [ "${#served}" -gt 64 ]; then
		continue
	fi
	# A file of this process number is an earlier process's: this one has made none yet.
	if [ "$maker" = $$ ] || ! is_running "$maker"; then
		set -- "$@" "$stale"
	fi
done
if [ "$action" != 'remove all' ] && has_predecessor "$room"; then
	set -- "$@" "$directory/$room.xml"
fi
[ $# -eq 0 ] || rm -f -- "$@" || :

# conf_DIGITS.xml is a room's, whichever script wrote it. With other names, only what this script wrote is: conf_trunk.xml
# may be the administrator's.
if [ "$action" = 'remove all' ]; then
	for file in "$directory"/*.xml; do
		name=${file##*/}
		name=${name%.xml}
		case $name in
		conf_ | conf_*[!0-9]*) holds "$file" '*<!-- Written by sofia-generator.sh *' || continue ;;
		conf_*) [ ! -d "$file" ] || continue ;;
		*) has_predecessor "$name" || continue ;;
		esac
		printf '%s\0' "$file"
	done | xargs -0 -r rm -f -- || exit 1
	exit 0
fi

if [ "$action" = remove ]; then
	if [ -e "$snippet" ] || [ -L "$snippet" ]; then
		# rm itself says what is wrong.
		rm -f -- "$snippet" || exit 1
	fi
	exit 0
fi

# --- Settings

registrars=${SIP_REGISTRAR:-}
# Spaces alone separate registrars.
set -f
IFS=' '
# shellcheck disable=SC2086
set -- $registrars
unset IFS
[ $# -gt 0 ] || refuse 'SIP_REGISTRAR must be set to the registrar: host or host:port'
[ $# -le 9 ] || refuse 'SIP_REGISTRAR must not name more than nine registrars'
password=${SIP_PASSWORD:-}
transport=${SIP_TRANSPORT:-tcp}
expires=${SIP_EXPIRES:-60}

[ -n "$password" ] || refuse "SIP_PASSWORD must be set to the rooms' password at the registrar"
[ "$password" != change-me ] || refuse 'SIP_PASSWORD still is the placeholder change-me, set it to the real one'
case $password in
*[[:cntrl:]]*) refuse 'SIP_PASSWORD must not hold a line break or another control character' ;;
# FreeSWITCH hands its SIP library "Digest:realm:user:password" in 256 bytes, and the library cuts it at colons. With a
# colon or a longer password it would register with a part of the password, and be refused for ever.
*:*) refuse 'SIP_PASSWORD must not hold a colon: FreeSWITCH would use only what stands before it' ;;
esac
[ "${#password}" -le 128 ] || refuse 'SIP_PASSWORD must not be longer than 128 bytes: FreeSWITCH would cut it off'

case $transport in
udp | tcp | tls) ;;
*) refuse 'SIP_TRANSPORT must be udp, tcp or tls, in lower case' ;;
esac
# FreeSWITCH takes a value below 5 for 3600.
is_number "$expires" 5 86400 ||
	refuse_value 'SIP_EXPIRES must be a whole number of seconds from 5 to 86400' "$expires" 0-9

# A wrong mark is left out: it is no reason to leave a room without its gateway.
mark=${GATEWAY_MARK:-}
case $mark in
*[!a-z0-9.]*) mark= ;;
esac
[ "${#mark}" -le 20 ] || mark=

# --- The gateways

escape "$room"
room_value=$escaped
escape "$password"
password_value=$escaped

# Sets $host, $port with its colon, and $acl from one registrar, or refuses it.
read_registrar() {
	case $1 in
	*_*) refuse 'SIP_REGISTRAR must not hold an underscore: FreeSWITCH never answers the challenge of such a registrar' ;;
	*,*) refuse 'SIP_REGISTRAR must not hold a comma: several registrars have spaces between them' ;;
	\[*) host=${1%%]*}] ;;
	*) host=${1%%:*} ;;
	esac
	port=${1#"$host"}
	[ "$host" != sip.example.org ] ||
		refuse 'SIP_REGISTRAR still is the placeholder sip.example.org, set it to your registrar'
	case $port in
	'') ;;
	:*) is_number "${port#:}" 1 65535 || port=wrong ;;
	*) port=wrong ;;
	esac
	acl=
	case $host in
	\[*)
		address=${host#?}
		address=${address%?}
		is_ipv6 "$address" || port=wrong
		# FreeSWITCH answers a challenge only from the registrar's address. It compares the sender with the host as written
		# here, brackets included, so an IPv6 address never matches. gw-auth-acl lets it in; it is written without brackets.
		acl=$address/128
		;;
	*) is_host_name "$host" || is_ipv4 "$host" || port=wrong ;;
	esac
	[ "$port" != wrong ] ||
		refuse_value 'SIP_REGISTRAR must be host or host:port, an IPv6 address in [brackets], without sip: and parameters' \
			"$1" ']A-Za-z0-9.:[-'
}

# username: FreeSWITCH shows it in its list of gateways, where the daemon reads the mark, and uses it for hardly anything else,
# because auth-username, from-user and extension are set. It becomes the To of an un-REGISTER after a failed registration;
# there the mark stands where a SIP address has a password, which no registrar looks at.
# extension: calls arrive with the room as their destination. With auto_to_user, it would be the user of the To header,
# where many trunks leave the full phone number.
# from-domain: the registered address is ROOM@host, whatever the port. proxy is where the REGISTER goes; it has no
# ";transport=", because FreeSWITCH compares it with the sender of the challenge.
# retry-seconds: 5 is the least; FreeSWITCH takes a lower value for 30. A registrar that comes back knows the room again
# within 5 s. That is no flood: FreeSWITCH waits 5, 10, 15 … s after refusals, and always 5 only after 503.
# ping: OPTIONS every 30 s notice a registrar that is away between two REGISTERs. After one ping that ends with 408 or
# 503, FreeSWITCH registers anew until that succeeds. (ping-min and ping-max matter for outgoing calls only.)
gateways=
seen=' '
number=0
for registrar in "$@"; do
	case $seen in
	*" $registrar "*) refuse 'SIP_REGISTRAR must not name a registrar twice' ;;
	esac
	seen="$seen$registrar "
	number=$((number + 1))
	suffix=
	[ "$number" = 1 ] || suffix=.$number
	read_registrar "$registrar"
	escape "$host"
	gateways="$gateways  <gateway name=\"conf_$room_value$suffix\">
    <param name=\"username\" value=\"$room_value${mark:+:$mark}\"/>
    <param name=\"auth-username\" value=\"$room_value\"/>
    <param name=\"from-user\" value=\"$room_value\"/>
    <param name=\"password\" value=\"$password_value\"/>
    <param name=\"realm\" value=\"$escaped\"/>
    <param name=\"from-domain\" value=\"$escaped\"/>
    <param name=\"proxy\" value=\"$escaped$port\"/>
    <param name=\"register\" value=\"true\"/>
    <param name=\"register-transport\" value=\"$transport\"/>
    <param name=\"expire-seconds\" value=\"$expires\"/>
    <param name=\"retry-seconds\" value=\"5\"/>
    <param name=\"ping\" value=\"30\"/>
    <param name=\"extension\" value=\"$room_value\"/>
    <param name=\"extension-in-contact\" value=\"true\"/>
    <param name=\"caller-id-in-from\" value=\"true\"/>
${acl:+    <param name=\"gw-auth-acl\" value=\"$acl\"/>
}  </gateway>
"
done

temporary=$directory/.conf_$room.$$.tmp
made=
trap '[ -z "$made" ] || rm -f -- "$temporary"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
made=yes
# <include> has a line of its own, because the preprocessor drops the whole line.
printf '%s' "<include>
  <!-- Written by sofia-generator.sh while the room runs. Changes are lost. -->
$gateways</include>
" 2>/dev/null >"$temporary" ||
	give_up "cannot write into GATEWAY_DIR, it must be writable and its disk not full: $directory"

# Run by hand as root, the script gives the file to the owner of the directory: FreeSWITCH could not read root's. The user
# is read from /proc, because id would be one more process for each room; and only if the directory is somebody else's,
# because the loop takes the shell a quarter of the time of all the rest. dash, bash and busybox know -O; a shell that does
# not runs the loop. chown -h follows no link. (busybox has no chown --reference.)
# shellcheck disable=SC3067
if ! [ -O "$directory" ] 2>/dev/null && [ -r /proc/self/status ]; then
	while read -r field _ effective _; do
		[ "$field" != Uid: ] || break
	done </proc/self/status
	if [ "$effective" = 0 ]; then
		# shellcheck disable=SC2012,SC2046
		set -- $(ls -ldn -- "$directory/.")
		chown -h -- "$3:$4" "$temporary" || exit 1
	fi
fi

# FreeSWITCH may read *.xml at any moment. Renamed within the directory, the snippet appears whole. mv itself says what is
# wrong.
mv -f -- "$temporary" "$snippet" || exit 1
made=
