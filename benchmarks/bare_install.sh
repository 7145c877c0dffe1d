#!/usr/bin/env bash
# Installs Crossover without extras and shows that the light commands work, small and without torch.
set -euo pipefail
python=${1:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$python" -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet -c constraints.txt .
cd "$folder"
for heavy in torch streamlit llama_index transformers sentence_transformers fastapi; do
    if env/bin/python -c "import $heavy" 2>/dev/null; then
        echo "the bare install has $heavy" >&2
        exit 1
    fi
done
size=$(du -sm env/lib | cut -f1)
echo "bare install: $size MB"
[ "$size" -lt 400 ] || { echo "over 400 MB" >&2; exit 1; }
env/bin/crossover --help >/dev/null
for kind in datasets strategies retrievers chunkers compressors models policies metrics; do
    env/bin/crossover list "$kind" >/dev/null
done
echo 'Ada wrote the first program.' >notes.txt
env/bin/crossover ask 'Who wrote the first program?' notes.txt --model fake --strategy closed_book
env/bin/python -c "import crossover; print(crossover.load_strategy('rag(k=5)'))"
env/bin/python - <<'EOF'
from crossover import Router
from crossover.router.learner import Learner
from crossover.router.policies.self_route import SelfRoute

bound = Router(SelfRoute()).bind(rag=lambda question: "no idea", full_context=lambda question: "Ada")
print(bound.answer("Who wrote the first program?").message)
EOF
