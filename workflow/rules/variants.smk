"""From alignments, or the user's own calls, to filtered and annotated calls."""

from readsight.wiring.variants import VariantsWiring

variants = VariantsWiring(project)


wildcard_constraints:
    piece="[0-9]+",


rule variants_regions:
    """Cut the genome, or the target regions, into pieces of equal length."""
    input:
        fai="<results>/align/reference/genome.fa.fai",
        targets=variants.targets_bed(),
    output:
        beds=variants.beds(),
    params:
        code=code("variants_regions"),
    log:
        "<logs>/variants_regions/regions.log",
    benchmark:
        "<benchmarks>/variants_regions/regions.tsv"
    conda:
        "../../envs/python.yaml"
    threads: 1
    resources:
        mem_mb=mem(500),
    script:
        "../../scripts/variants_regions.py"


rule variants_call_bcftools:
    """Call small variants of all samples together in one piece of the genome (bcftools)."""
    input:
        reference="<results>/align/reference/genome.fa",
        fai="<results>/align/reference/genome.fa.fai",
        crams=align.crams(),
        crais=align.crais(),
        piece="<results>/variants/regions/{piece}.bed",
    output:
        bcf=temp("<results>/variants/raw/bcftools/{piece}.bcf"),
    params:
        code=code("variants_call_bcftools"),
        samples=variants.samples,
        ploidy=variants.variants.ploidy,
        min_base_quality=variants.variants.min_base_quality,
        min_mapping_quality=variants.variants.min_mapping_quality,
    log:
        "<logs>/variants_call_bcftools/{piece}.log",
    benchmark:
        "<benchmarks>/variants_call_bcftools/{piece}.tsv"
    conda:
        "../../envs/bcftools.yaml"
    threads: 1
    resources:
        mem_mb=mem(2000),
    script:
        "../../scripts/variants_call_bcftools.py"


rule variants_call_freebayes:
    """Call small variants of all samples together in one piece of the genome (freebayes)."""
    input:
        reference="<results>/align/reference/genome.fa",
        fai="<results>/align/reference/genome.fa.fai",
        crams=align.crams(),
        crais=align.crais(),
        piece="<results>/variants/regions/{piece}.bed",
    output:
        bcf=temp("<results>/variants/raw/freebayes/{piece}.bcf"),
    params:
        code=code("variants_call_freebayes"),
        samples=variants.samples,
        ploidy=variants.variants.ploidy,
        min_base_quality=variants.variants.min_base_quality,
        min_mapping_quality=variants.variants.min_mapping_quality,
    log:
        "<logs>/variants_call_freebayes/{piece}.log",
    benchmark:
        "<benchmarks>/variants_call_freebayes/{piece}.tsv"
    conda:
        "../../envs/freebayes.yaml"
    threads: 1
    resources:
        mem_mb=mem(2000),
    script:
        "../../scripts/variants_call_freebayes.py"


rule variants_call_gatk:
    """Find one sample's likelihoods of variants in one piece of the genome (GATK HaplotypeCaller)."""
    input:
        reference="<results>/align/reference/genome.fa",
        fai="<results>/align/reference/genome.fa.fai",
        dictionary="<results>/align/reference/genome.dict",
        cram=lambda wildcards: align.cram(wildcards.sample),
        crai=lambda wildcards: f"{align.cram(wildcards.sample)}.crai",
        piece="<results>/variants/regions/{piece}.bed",
    output:
        gvcf=temp("<results>/variants/raw/gatk/{sample}.{piece}.g.vcf.gz"),
        tbi=temp("<results>/variants/raw/gatk/{sample}.{piece}.g.vcf.gz.tbi"),
    params:
        code=code("variants_call_gatk"),
        ploidy=variants.variants.ploidy,
        min_base_quality=variants.variants.min_base_quality,
        min_mapping_quality=variants.variants.min_mapping_quality,
    log:
        "<logs>/variants_call_gatk/{sample}.{piece}.log",
    benchmark:
        "<benchmarks>/variants_call_gatk/{sample}.{piece}.tsv"
    conda:
        "../../envs/gatk.yaml"
    threads: 2
    resources:
        mem_mb=mem(4000),
    script:
        "../../scripts/variants_call_gatk.py"


rule variants_genotype_gatk:
    """Genotype all samples together in one piece of the genome (GATK GenotypeGVCFs)."""
    input:
        reference="<results>/align/reference/genome.fa",
        fai="<results>/align/reference/genome.fa.fai",
        dictionary="<results>/align/reference/genome.dict",
        gvcfs=variants.gvcfs,
        indexes=variants.gvcf_indexes,
        piece="<results>/variants/regions/{piece}.bed",
    output:
        vcf=temp("<results>/variants/raw/gatk/{piece}.vcf.gz"),
    params:
        code=code("variants_genotype_gatk"),
        samples=variants.samples,
        ploidy=variants.variants.ploidy,
    log:
        "<logs>/variants_genotype_gatk/{piece}.log",
    benchmark:
        "<benchmarks>/variants_genotype_gatk/{piece}.tsv"
    conda:
        "../../envs/gatk.yaml"
    threads: 1
    resources:
        mem_mb=mem(4000),
    script:
        "../../scripts/variants_genotype_gatk.py"


rule variants_call_deepvariant:
    """Call one sample's small variants in one piece of the genome (DeepVariant's container)."""
    input:
        reference="<results>/align/reference/genome.fa",
        fai="<results>/align/reference/genome.fa.fai",
        cram=lambda wildcards: align.cram(wildcards.sample),
        crai=lambda wildcards: f"{align.cram(wildcards.sample)}.crai",
        piece="<results>/variants/regions/{piece}.bed",
    output:
        vcf=temp("<results>/variants/raw/deepvariant/{sample}.{piece}.vcf.gz"),
    params:
        code=code("variants_call_deepvariant"),
        image=variants.variants.deepvariant.image,
        model=variants.variants.deepvariant.model,
    log:
        "<logs>/variants_call_deepvariant/{sample}.{piece}.log",
    benchmark:
        "<benchmarks>/variants_call_deepvariant/{sample}.{piece}.tsv"
    conda:
        "../../envs/deepvariant.yaml"
    threads: 4
    resources:
        mem_mb=mem(8000),
    script:
        "../../scripts/variants_call_deepvariant.py"


rule variants_merge_deepvariant:
    """Join the samples' DeepVariant calls of one piece."""
    input:
        reference="<results>/align/reference/genome.fa",
        fai="<results>/align/reference/genome.fa.fai",
        vcfs=variants.sample_vcfs,
    output:
        bcf=temp("<results>/variants/raw/deepvariant/{piece}.bcf"),
    params:
        code=code("variants_merge_deepvariant"),
    log:
        "<logs>/variants_merge_deepvariant/{piece}.log",
    benchmark:
        "<benchmarks>/variants_merge_deepvariant/{piece}.tsv"
    conda:
        "../../envs/bcftools.yaml"
    threads: 1
    resources:
        mem_mb=mem(1000),
    script:
        "../../scripts/variants_merge_deepvariant.py"


rule variants_import:
    """Take the user's own calls in, under the contigs of the reference."""
    input:
        vcf=variants.own_vcf(),
        fai="<results>/align/reference/genome.fa.fai",
    output:
        bcf=temp("<results>/variants/raw/given.bcf"),
    params:
        code=code("variants_import"),
    log:
        "<logs>/variants_import/given.log",
    benchmark:
        "<benchmarks>/variants_import/given.tsv"
    conda:
        "../../envs/bcftools.yaml"
    threads: 1
    resources:
        mem_mb=mem(1500),
    script:
        "../../scripts/variants_import.py"


rule variants_normalise:
    """Gather a caller's pieces and bring its calls into one normal form."""
    input:
        reference="<results>/align/reference/genome.fa",
        fai="<results>/align/reference/genome.fa.fai",
        pieces=variants.raw,
    output:
        bcf=temp("<results>/variants/normal/{caller}.bcf"),
    params:
        code=code("variants_normalise"),
        samples=variants.samples,
    log:
        "<logs>/variants_normalise/{caller}.log",
    benchmark:
        "<benchmarks>/variants_normalise/{caller}.tsv"
    conda:
        "../../envs/bcftools.yaml"
    threads: 1
    resources:
        mem_mb=mem(1500),
    script:
        "../../scripts/variants_normalise.py"


rule variants_filter:
    """Name in FILTER what a call fails."""
    input:
        calls="<results>/variants/normal/{caller}.bcf",
    output:
        bcf=temp("<results>/variants/filtered/{caller}.bcf"),
    params:
        code=code("variants_filter"),
        filters=variants.variants.filters,
    log:
        "<logs>/variants_filter/{caller}.log",
    benchmark:
        "<benchmarks>/variants_filter/{caller}.tsv"
    conda:
        "../../envs/bcftools.yaml"
    threads: 1
    resources:
        mem_mb=mem(500),
    script:
        "../../scripts/variants_filter.py"


rule variants_genes:
    """Write the gene annotation in the dialect that bcftools csq reads."""
    input:
        gtf=variants.gtf(),
        reference="<results>/align/reference/genome.fa",
        fai="<results>/align/reference/genome.fa.fai",
    output:
        gff="<results>/variants/resources/genes.gff3",
    params:
        code=code("variants_genes"),
    log:
        "<logs>/variants_genes/genes.log",
    benchmark:
        "<benchmarks>/variants_genes/genes.tsv"
    conda:
        "../../envs/bcftools.yaml"
    threads: 1
    resources:
        mem_mb=mem(2000),
    script:
        "../../scripts/variants_genes.py"


rule variants_prepare:
    """Bring a VCF of known variants into the normal form of the calls."""
    input:
        vcf=variants.resource,
        reference="<results>/align/reference/genome.fa",
        fai="<results>/align/reference/genome.fa.fai",
    output:
        bcf="<results>/variants/resources/{resource}.bcf",
        csi="<results>/variants/resources/{resource}.bcf.csi",
    params:
        code=code("variants_prepare"),
    log:
        "<logs>/variants_prepare/{resource}.log",
    benchmark:
        "<benchmarks>/variants_prepare/{resource}.tsv"
    wildcard_constraints:
        resource="known[0-9]+|population|clinvar",
    conda:
        "../../envs/bcftools.yaml"
    threads: 1
    resources:
        mem_mb=mem(1500),
    script:
        "../../scripts/variants_prepare.py"


rule variants_repeats:
    """List what the user's own FASTA writes in lower case."""
    input:
        fasta=project.config.reference.fasta,
    output:
        bed="<results>/variants/resources/repeats.bed.gz",
        csi="<results>/variants/resources/repeats.bed.gz.csi",
    params:
        code=code("variants_repeats"),
    log:
        "<logs>/variants_repeats/repeats.log",
    benchmark:
        "<benchmarks>/variants_repeats/repeats.tsv"
    conda:
        "../../envs/bcftools.yaml"
    threads: 1
    resources:
        mem_mb=mem(1000),
    script:
        "../../scripts/variants_repeats.py"


rule variants_annotate:
    """Say of each call what it does, what it is called, how common it is, and what it means in the clinic."""
    input:
        calls="<results>/variants/filtered/{caller}.bcf",
        reference="<results>/align/reference/genome.fa",
        fai="<results>/align/reference/genome.fa.fai",
        genes=variants.genes(),
        repeats="<results>/variants/resources/repeats.bed.gz",
        repeats_index="<results>/variants/resources/repeats.bed.gz.csi",
        resources=variants.resources(),
        indexes=variants.resource_indexes(),
    output:
        bcf="<results>/variants/{caller}.bcf",
        csi="<results>/variants/{caller}.bcf.csi",
    params:
        code=code("variants_annotate"),
    log:
        "<logs>/variants_annotate/{caller}.log",
    benchmark:
        "<benchmarks>/variants_annotate/{caller}.tsv"
    wildcard_constraints:
        caller=variants.own_caller,
    conda:
        "../../envs/bcftools.yaml"
    threads: 1
    resources:
        mem_mb=mem(1500),
    script:
        "../../scripts/variants_annotate.py"


rule variants_consensus:
    """Keep the calls that enough callers agree on."""
    input:
        calls=variants.calls(),
        indexes=variants.call_indexes(),
    output:
        bcf="<results>/variants/consensus.bcf",
        csi="<results>/variants/consensus.bcf.csi",
    params:
        code=code("variants_consensus"),
        callers=variants.callers,
        least=variants.variants.consensus,
    log:
        "<logs>/variants_consensus/consensus.log",
    benchmark:
        "<benchmarks>/variants_consensus/consensus.tsv"
    conda:
        "../../envs/bcftools.yaml"
    threads: 1
    resources:
        mem_mb=mem(1000),
    script:
        "../../scripts/variants_consensus.py"


rule variants_stats:
    """Count a caller's calls by type and filter."""
    input:
        calls="<results>/variants/{caller}.bcf",
        csi="<results>/variants/{caller}.bcf.csi",
    output:
        stats="<results>/variants/{caller}.stats.txt",
        summary="<results>/variants/{caller}.summary.json",
        note="<results>/variants/{caller}.note.json",
    params:
        code=code("variants_stats"),
    log:
        "<logs>/variants_stats/{caller}.log",
    benchmark:
        "<benchmarks>/variants_stats/{caller}.tsv"
    conda:
        "../../envs/bcftools.yaml"
    threads: 1
    resources:
        mem_mb=mem(500),
    script:
        "../../scripts/variants_stats.py"


rule variants_call_delly:
    """Find one sample's structural variants (Delly)."""
    input:
        reference="<results>/align/reference/genome.fa",
        fai="<results>/align/reference/genome.fa.fai",
        cram=lambda wildcards: align.cram(wildcards.sample),
        crai=lambda wildcards: f"{align.cram(wildcards.sample)}.crai",
    output:
        bcf=temp("<results>/variants/structural/sites/{sample}.bcf"),
        note="<results>/variants/structural/sites/{sample}.json",
    params:
        code=code("variants_call_delly"),
    log:
        "<logs>/variants_call_delly/{sample}.log",
    benchmark:
        "<benchmarks>/variants_call_delly/{sample}.tsv"
    conda:
        "../../envs/delly.yaml"
    threads: 1
    resources:
        mem_mb=mem(2000),
    script:
        "../../scripts/variants_call_delly.py"


rule variants_merge_delly:
    """Unite the structural variants found in each sample into one list of sites."""
    input:
        sites=variants.delly_sites(),
        reference="<results>/align/reference/genome.fa",
        fai="<results>/align/reference/genome.fa.fai",
    output:
        bcf=temp("<results>/variants/structural/sites.bcf"),
    params:
        code=code("variants_merge_delly"),
    log:
        "<logs>/variants_merge_delly/sites.log",
    benchmark:
        "<benchmarks>/variants_merge_delly/sites.tsv"
    conda:
        "../../envs/delly.yaml"
    threads: 1
    resources:
        mem_mb=mem(2000),
    script:
        "../../scripts/variants_merge_delly.py"


rule variants_genotype_delly:
    """Genotype one sample at every structural variant found in any."""
    input:
        sites="<results>/variants/structural/sites.bcf",
        reference="<results>/align/reference/genome.fa",
        fai="<results>/align/reference/genome.fa.fai",
        cram=lambda wildcards: align.cram(wildcards.sample),
        crai=lambda wildcards: f"{align.cram(wildcards.sample)}.crai",
    output:
        bcf=temp("<results>/variants/structural/genotypes/{sample}.bcf"),
        note="<results>/variants/structural/genotypes/{sample}.json",
    params:
        code=code("variants_genotype_delly"),
    log:
        "<logs>/variants_genotype_delly/{sample}.log",
    benchmark:
        "<benchmarks>/variants_genotype_delly/{sample}.tsv"
    conda:
        "../../envs/delly.yaml"
    threads: 1
    resources:
        mem_mb=mem(2000),
    script:
        "../../scripts/variants_genotype_delly.py"


rule variants_gather_delly:
    """Join the samples' genotypes of structural variants into one table."""
    input:
        calls=variants.delly_genotypes(),
        notes=variants.delly_notes(),
        reference="<results>/align/reference/genome.fa",
        fai="<results>/align/reference/genome.fa.fai",
    output:
        bcf="<results>/variants/structural/delly.bcf",
        csi="<results>/variants/structural/delly.bcf.csi",
        summary="<results>/variants/structural/delly.summary.json",
        note="<results>/variants/structural/delly.note.json",
    params:
        code=code("variants_gather_delly"),
        samples=variants.samples,
    log:
        "<logs>/variants_gather_delly/delly.log",
    benchmark:
        "<benchmarks>/variants_gather_delly/delly.tsv"
    conda:
        "../../envs/delly.yaml"
    threads: 1
    resources:
        mem_mb=mem(1000),
    script:
        "../../scripts/variants_gather_delly.py"
