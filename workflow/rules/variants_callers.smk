"""From alignments to raw calls, piece by piece, caller by caller; part of stage variants."""


rule variants_call_bcftools:
    """Call small variants of all samples together in one piece of the genome (bcftools)."""
    input:
        reference="<results>/align/reference/genome.fa",
        fai="<results>/align/reference/genome.fa.fai",
        crams=align.dna_crams(),
        crais=align.dna_crais(),
        piece="<results>/variants/regions/{piece}.bed",
    output:
        bcf=temp("<results>/variants/raw/bcftools/{piece}.bcf"),
    params:
        code=hash_code("variants_call_bcftools"),
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
        crams=align.dna_crams(),
        crais=align.dna_crais(),
        piece="<results>/variants/regions/{piece}.bed",
    output:
        bcf=temp("<results>/variants/raw/freebayes/{piece}.bcf"),
    params:
        code=hash_code("variants_call_freebayes"),
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
    """Compute genotype likelihoods of one sample in one piece of the genome (GATK HaplotypeCaller)."""
    input:
        reference="<results>/align/reference/genome.fa",
        fai="<results>/align/reference/genome.fa.fai",
        dictionary="<results>/align/reference/genome.dict",
        cram=lambda wildcards: align.cram_file(wildcards.sample),
        crai=lambda wildcards: f"{align.cram_file(wildcards.sample)}.crai",
        piece="<results>/variants/regions/{piece}.bed",
    output:
        gvcf=temp("<results>/variants/raw/gatk/{sample}.{piece}.g.vcf.gz"),
        tbi=temp("<results>/variants/raw/gatk/{sample}.{piece}.g.vcf.gz.tbi"),
    params:
        code=hash_code("variants_call_gatk"),
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
        gvcfs=variants.gvcf_files,
        indexes=variants.gvcf_indexes,
        piece="<results>/variants/regions/{piece}.bed",
    output:
        vcf=temp("<results>/variants/raw/gatk/{piece}.vcf.gz"),
    params:
        code=hash_code("variants_genotype_gatk"),
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
    """Call small variants of one sample in one piece of the genome (DeepVariant container)."""
    input:
        reference="<results>/align/reference/genome.fa",
        fai="<results>/align/reference/genome.fa.fai",
        cram=lambda wildcards: align.cram_file(wildcards.sample),
        crai=lambda wildcards: f"{align.cram_file(wildcards.sample)}.crai",
        piece="<results>/variants/regions/{piece}.bed",
    output:
        vcf=temp("<results>/variants/raw/deepvariant/{sample}.{piece}.vcf.gz"),
    params:
        code=hash_code("variants_call_deepvariant"),
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
    """Merge the DeepVariant calls of all samples in one piece."""
    input:
        reference="<results>/align/reference/genome.fa",
        fai="<results>/align/reference/genome.fa.fai",
        vcfs=variants.sample_vcfs,
    output:
        bcf=temp("<results>/variants/raw/deepvariant/{piece}.bcf"),
    params:
        code=hash_code("variants_merge_deepvariant"),
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
