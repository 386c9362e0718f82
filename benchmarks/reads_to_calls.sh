#!/bin/bash
# Hand-written pipe from reads to filtered calls, with the tools and settings of the workflow, without checks and reports.
#   reads_to_calls.sh REFERENCE.fa READS_1.fastq.gz READS_2.fastq.gz FOLDER THREADS
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
reference=$(realpath "$1") reads_1=$(realpath "$2") reads_2=$(realpath "$3") threads=$5
mkdir -p "$4/tmp" && cd "$4"

trimmomatic=$(command -v TrimmomaticPE || echo trimmomatic PE)

# indexing and trimming are independent
(cp "$reference" genome.fa && samtools faidx genome.fa && bwa index -p bwa genome.fa 2> index.log) &
index=$!
JAVA_TOOL_OPTIONS="-XX:+UseSerialGC -Xmx1050m" $trimmomatic -threads "$threads" -phred33 "$reads_1" "$reads_2" \
    clean_1.fastq.gz /dev/null clean_2.fastq.gz /dev/null \
    "ILLUMINACLIP:$here/resources/adapters/TruSeq3-PE.fa:2:30:10:2:True" \
    LEADING:3 TRAILING:3 SLIDINGWINDOW:4:15 MINLEN:36 2> trim.log
wait $index

bwa mem -t "$threads" -K 100000000 -Y -R '@RG\tID:donor.1\tSM:donor\tLB:donor\tPL:ILLUMINA' bwa clean_1.fastq.gz clean_2.fastq.gz 2> bwa.log |
    samtools fixmate -m -u - - |
    samtools sort -u -@ $((threads - 1)) -T tmp/sort - |
    samtools markdup -T tmp/markdup -O cram --reference genome.fa --write-index -@ 1 - donor.cram

# regions of equal length, one per thread, called in parallel
mapfile -t regions < <(awk -v n="$threads" '{ step = int($2 / n) + 1; for (s = 1; s <= $2; s += step) { e = s + step - 1; print $1 ":" s "-" (e < $2 ? e : $2) } }' genome.fa.fai)
call() {
    bcftools mpileup -Ou -f genome.fa -r "$1" -q 1 -Q 13 -d 1000 -L 1000 \
        -a FORMAT/AD,FORMAT/ADF,FORMAT/ADR,FORMAT/DP,FORMAT/SP,INFO/AD,INFO/ADF,INFO/ADR,INFO/SCR donor.cram 2>> call.log |
        bcftools call -m -v -a GQ,GP --ploidy 2 -Ob -o "tmp/$2.bcf" -
}
running=()
for i in "${!regions[@]}"; do
    call "${regions[$i]}" "$(printf %05d "$i")" &
    running+=($!)
    if ((${#running[@]} == threads)); then
        wait "${running[0]}"
        running=("${running[@]:1}")
    fi
done
for process in "${running[@]}"; do wait "$process"; done

bcftools concat -Ou tmp/*.bcf |
    bcftools norm -a -Ou - | bcftools norm -m -any -f genome.fa -c e -Ou - | bcftools view -c 1 -Ou - |
    bcftools sort -Ou -T tmp/sorting - | bcftools norm -d exact -Ou - | bcftools +fill-tags -Ou - -- -t AC,AN,AF,NS |
    bcftools filter -m + -s LowQual -e 'QUAL<20' -Ou - | bcftools filter -m + -s LowDepth -e 'INFO/DP<4' -Ob -o calls.bcf -
