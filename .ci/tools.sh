# Where foreign tools of the tests are kept, outside of the tree so that every clone shares them.
# Read by setup and run; `. .ci/tools.sh` in a shell puts them on its PATH.
TOOLS="${REENCRYPT_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/kms-reencrypt-proxy/tools}"
PATH="$TOOLS/python/bin:$TOOLS/bin:$PATH"
export TOOLS PATH
